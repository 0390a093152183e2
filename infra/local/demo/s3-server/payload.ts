import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { crc32 } from 'node:zlib';
import type { S3Request } from './request.ts';
import { S3Error } from './s3-error.ts';

/** A test has no use for more, and everything is kept in memory. */
const maximumBodyBytes = 64 * 1024 * 1024;

const checksums: Readonly<Record<string, (body: Buffer) => string>> = {
  'x-amz-checksum-crc32': (body) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(crc32(body));
    return bytes.toString('base64');
  },
  'x-amz-checksum-sha1': (body) => hash('sha1', body, 'base64'),
  'x-amz-checksum-sha256': (body) => hash('sha256', body, 'base64'),
  'content-md5': (body) => hash('md5', body, 'base64'),
};

/** Everything that was sent, as it came. Throws EntityTooLarge above 64 MiB. */
export async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message) {
    length += chunk.length;
    if (length > maximumBodyBytes) throw new S3Error('EntityTooLarge', 'This server keeps bodies of 64 MiB at most.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * The object's bytes out of what was sent: aws-chunked framing is taken off, the declared hash and the checksums are
 * verified. Not checked: the signature of each chunk of STREAMING-AWS4-HMAC-SHA256-PAYLOAD, and the checksums that
 * Node has no function for (CRC32C, CRC64NVME).
 */
export function readPayload(request: S3Request, sent: Buffer): Buffer {
  const { headers, query } = request;
  const declared = headers['x-amz-content-sha256'] ?? query['X-Amz-Content-Sha256'] ?? 'UNSIGNED-PAYLOAD';
  if (declared.startsWith('STREAMING-')) {
    const { body, trailers } = readChunks(sent);
    const length = headers['x-amz-decoded-content-length'];
    if (length !== undefined && Number(length) !== body.length) throw incomplete();
    verifyChecksums({ ...headers, ...trailers }, body);
    return body;
  }
  if (declared !== 'UNSIGNED-PAYLOAD' && declared !== hash('sha256', sent)) {
    throw new S3Error(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match the body.",
    );
  }
  verifyChecksums(headers, sent);
  return sent;
}

function verifyChecksums(headers: Readonly<Record<string, string>>, body: Buffer): void {
  for (const [name, compute] of Object.entries(checksums)) {
    const given = headers[name];
    if (given !== undefined && given !== compute(body)) {
      throw new S3Error('BadDigest', `The ${name} you specified did not match the body.`);
    }
  }
}

function readChunks(sent: Buffer): { body: Buffer; trailers: Record<string, string> } {
  const chunks: Buffer[] = [];
  let offset = 0;
  for (;;) {
    const lineEnd = sent.indexOf('\r\n', offset);
    if (lineEnd < 0) throw incomplete();
    const size = Number.parseInt(sent.toString('latin1', offset, lineEnd), 16);
    if (Number.isNaN(size)) throw incomplete();
    offset = lineEnd + 2;
    if (size === 0) return { body: Buffer.concat(chunks), trailers: readTrailers(sent.toString('latin1', offset)) };
    if (offset + size + 2 > sent.length) throw incomplete();
    chunks.push(sent.subarray(offset, offset + size));
    offset += size + 2;
  }
}

function readTrailers(text: string): Record<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}

function incomplete(): S3Error {
  return new S3Error(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length header.',
  );
}
