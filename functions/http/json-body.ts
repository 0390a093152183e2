import { isUtf8 } from 'node:buffer';
import type { MiddlewareObj } from '@middy/core';
import { Failure } from '#core/errors.ts';
import type { HttpEvent } from './http-event.ts';
import type { Route } from './route.ts';
import { findJsonProblem } from './scan-json.ts';

/** Ours: the largest thing anybody has to say here is a list of 100 globs. */
export const maxBodyBytes = 1024 * 1024;

/** Ours: no shape that a route takes is deeper than five. */
const maxDepth = 32;

/**
 * Reads the body of a route's request as a JSON object, whatever its content type says (`curl -d` says it is a form),
 * but multipart. Throws Failure `too_large`, `unsupported_media_type`, or `invalid_request` that says where it broke.
 */
export function jsonBody(route: Pick<Route, 'request'>): MiddlewareObj<HttpEvent> {
  const { request } = route;
  return {
    before: ({ event }) => {
      if (request !== undefined) event.state.body = readBody(event, request.optional);
    },
  };
}

function readBody(event: HttpEvent, optional: boolean): unknown {
  const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.length > maxBodyBytes) throw bodyTooLarge();
  if (/^\s*multipart\//i.test(event.headers['content-type'] ?? '')) {
    throw new Failure('unsupported_media_type', 'a multipart body cannot be read here; send the JSON itself');
  }
  if (!isUtf8(bytes)) throw invalid('it is not UTF-8');
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  if (text.trim() !== '') return readObject(text);
  if (optional) return undefined;
  throw new Failure('invalid_request', 'the body is empty; send a JSON object');
}

function bodyTooLarge(): Failure {
  return new Failure('too_large', `the body is larger than ${maxBodyBytes.toLocaleString('en')} bytes`);
}

function readObject(text: string): unknown {
  const problem = findJsonProblem(text, maxDepth);
  if (problem !== undefined) throw invalid(`line ${problem.line}, column ${problem.column}: ${problem.reason}`);
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw new Failure('invalid_request', 'the body must be a JSON object');
}

function invalid(reason: string): Failure {
  return new Failure('invalid_request', `the body is not valid JSON: ${reason}`);
}
