import { isUtf8 } from 'node:buffer';
import type { MiddlewareObj } from '@middy/core';
import { Failure } from '#core/model/errors.ts';
import type { HttpEvent } from '../table/http-event.ts';
import type { RequestBody, Route } from '../table/route.ts';
import { readForm } from './form-body.ts';
import { findJsonProblem } from './scan-json.ts';

/** Ours: the largest thing anybody has to say here is a list of 1,000 keys, of at most 1,024 bytes each. */
export const maxBodyBytes = 1024 * 1024;

const whole = 'the body';

/** Ours: no shape that a route takes is deeper than five. */
const maxDepth = 32;

/**
 * Reads the body of a route's request as a JSON object (an array where it takes one), whatever its content type says (`curl -d` says it is a form),
 * but multipart, which only some routes take. Throws Failure `too_large`, `unsupported_media_type`, or `invalid_request` that says where it broke.
 */
export function jsonBody(route: Pick<Route, 'request'>): MiddlewareObj<HttpEvent> {
  const { request } = route;
  return {
    before: ({ event }) => {
      if (request !== undefined) event.state.body = readBody(event, request);
    },
  };
}

function readBody(event: HttpEvent, { optional, form, list }: RequestBody): unknown {
  const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.length > maxBodyBytes) throw bodyTooLarge();
  const contentType = event.headers['content-type'] ?? '';
  if (/^\s*multipart\//i.test(contentType)) {
    if (form !== undefined) return readFormBody(bytes, contentType, form.jsonFields);
    throw new Failure('unsupported_media_type', 'a multipart body cannot be read here; send the JSON itself');
  }
  if (!isUtf8(bytes)) throw invalid(whole, 'it is not UTF-8');
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  if (text.trim() !== '') return list ? readArray(text, whole) : readObject(text, whole);
  if (optional) return undefined;
  throw new Failure('invalid_request', `the body is empty; send a JSON ${list ? 'array' : 'object'}`);
}

function readFormBody(bytes: Buffer, contentType: string, jsonFields: readonly string[]): unknown {
  const read = [...readForm(bytes, contentType)].map(([name, text]) => [
    name,
    jsonFields.includes(name) && text !== '' ? readObject(text, `the field ${name}`) : text,
  ]);
  return Object.fromEntries(read);
}

function bodyTooLarge(): Failure {
  return new Failure('too_large', `the body is larger than ${maxBodyBytes.toLocaleString('en')} bytes`);
}

function readArray(text: string, what: string): unknown {
  const parsed = readJson(text, what);
  if (Array.isArray(parsed)) return parsed;
  throw new Failure('invalid_request', `${what} must be a JSON array`);
}

function readObject(text: string, what: string): unknown {
  const parsed = readJson(text, what);
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw new Failure('invalid_request', `${what} must be a JSON object`);
}

function readJson(text: string, what: string): unknown {
  const problem = findJsonProblem(text, maxDepth);
  if (problem !== undefined) throw invalid(what, `line ${problem.line}, column ${problem.column}: ${problem.reason}`);
  return JSON.parse(text);
}

function invalid(what: string, reason: string): Failure {
  return new Failure('invalid_request', `${what} is not valid JSON: ${reason}`);
}
