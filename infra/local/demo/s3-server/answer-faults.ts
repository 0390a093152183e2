import type { AnswerFault } from './faults.ts';
import { emptyReply, type Reply, repeatByte, xmlReply } from './reply.ts';
import type { S3Request } from './request.ts';
import { renderError } from './s3-error.ts';
import { element, s3Namespace } from './xml.ts';

const page = '<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><p>Please sign in.</p></body></html>\n';

/** What is answered in place of the operation; undefined is silence. */
export function answerFault(fault: AnswerFault, request: S3Request, requestId: string): Reply | undefined {
  switch (fault.kind) {
    case 'status': {
      const reply = xmlReply(
        renderError({ code: fault.code, message: fault.message ?? fault.code }, requestId),
        fault.status,
      );
      return { ...reply, headers: { ...reply.headers, ...fault.headers } };
    }
    case 'empty':
      return emptyReply(200);
    case 'html':
      return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: Buffer.from(page) };
    case 'error-in-200':
      return xmlReply(renderError({ code: fault.code, message: fault.message ?? fault.code }, requestId));
    case 'huge-body':
      return hugeListing(request, fault.bytes);
    case 'hang':
      return undefined;
  }
}

function hugeListing(request: S3Request, bytes: number): Reply {
  const name = element('Name', request.bucket);
  const head = Buffer.from(`<ListBucketResult xmlns="${s3Namespace}">${name}<Prefix></Prefix><Contents><Key>`);
  const tail = Buffer.from('</Key></Contents><IsTruncated>false</IsTruncated></ListBucketResult>');
  const chunks = function* () {
    yield head;
    yield* repeatByte('a'.charCodeAt(0), Math.max(bytes - head.length - tail.length, 0));
    yield tail;
  };
  return { ...xmlReply(''), body: { length: undefined, chunks } };
}
