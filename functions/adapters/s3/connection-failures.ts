import { Failure } from '#core/model/errors.ts';
import type { BucketTarget } from '#core/model/ports/bucket.ts';

/** The Failure for a call that used up its time. */
export function timeoutFailure(timeoutMs: number): Failure {
  return new Failure(
    'source_timeout',
    `The server took too long: it did not complete its answer within ${timeoutMs / 1000} s. If trying again does not ` +
      'help, the server is overloaded or the endpoint is not an S3 server.',
  );
}

/** Breaks that another try may not meet; a name that does not exist or a certificate that is wrong stays so. */
const passingBreaks = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
]);

/** True if the connection broke in a way that may pass by itself. */
export function mayPass(error: unknown): boolean {
  return passingBreaks.has(textOf(error, 'code')) || textOf(error, 'name') === 'TimeoutError';
}

/**
 * The Failure for a connection that did not come about or broke before there was an answer. Of the error only its code
 * and name are used, and it is not kept as the cause: the SDK's errors carry the request with its Authorization header.
 */
export function connectionFailure(error: unknown, target: BucketTarget): Failure {
  const code = textOf(error, 'code');
  const server = target.endpoint === '' ? "AWS's S3" : target.endpoint;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return unreachable(`The name of ${server} could not be resolved. Check the endpoint.`);
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new Failure(
      'answer_too_large',
      `The headers of what ${server} answered are longer than 16 KiB. Check that the endpoint is an S3 server.`,
    );
  }
  if (code.startsWith('HPE_')) {
    const hint = target.useSsl ? 'Check the endpoint.' : 'If the server expects TLS set use_ssl to true.';
    return new Failure('not_an_s3_answer', `What ${server} answered is not HTTP. ${hint}`);
  }
  if (/CERT|SSL|TLS|SIGNATURE|ISSUER|EPROTO/.test(code)) {
    return unreachable(
      `No TLS connection with ${server} came about (${code}). Its certificate must be valid for that name and come ` +
        'from a known authority; if the server speaks plain HTTP set use_ssl to false.',
    );
  }
  if (code === 'ECONNREFUSED') {
    return unreachable(`Nothing listens at ${server}: the connection was refused. Check host and port.`);
  }
  if (code === '' && textOf(error, 'name') === 'TimeoutError') {
    return unreachable(`No connection with ${server} came about in time. Check host, port and firewalls.`);
  }
  if (/^E[A-Z]+$/.test(code)) {
    const hint = target.useSsl ? ' If the server speaks plain HTTP set use_ssl to false.' : '';
    return unreachable(`The connection with ${server} broke (${code}). Check host and port.${hint}`);
  }
  return new Failure('source_error', `The request to ${server} could not be made. Check endpoint, bucket and region.`);
}

function unreachable(text: string): Failure {
  return new Failure('endpoint_unreachable', text);
}

function textOf(error: unknown, name: 'code' | 'name'): string {
  if (typeof error !== 'object' || error === null) return '';
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : '';
}
