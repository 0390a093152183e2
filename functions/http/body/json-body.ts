import { isUtf8 } from 'node:buffer';
import type { MiddlewareObj } from '@middy/core';
import { Failure } from '#core/model/errors.ts';
import type { HttpEvent } from '../table/http-event.ts';
import type { RequestBody, Route } from '../table/route.ts';
import { readForm, readUrlForm } from './form-body.ts';
import { findJsonProblem } from './scan-json.ts';

/** Ours: the largest thing anybody has to say here is a list of 1,000 keys, of at most 1,024 bytes each. */
export const maxBodyBytes = 1024 * 1024;

const whole = 'the body';

/** Ours: no shape that a route takes is deeper than five. */
const maxDepth = 32;

/**
 * Reads the body of a route's request as a JSON object (an array where it takes one), whatever its content type says
 * (`curl -d` says it is a form), but multipart, which only some routes take, as they take a form that is urlencoded indeed.
 * Throws Failure `too_large`, `unsupported_media_type`, or `invalid_request` that says where it broke.
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
    if (form !== undefined) return fieldsOf(readForm(bytes, contentType), form.jsonFields);
    throw new Failure('unsupported_media_type', 'a multipart body cannot be read here; send the JSON itself');
  }
  if (!isUtf8(bytes)) throw invalid(whole, 'it is not UTF-8');
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  if (form !== undefined && isUrlForm(contentType, text)) return fieldsOf(readUrlForm(text), form.jsonFields);
  if (text.trim() !== '') return list ? readArray(text, whole) : readObject(text, whole);
  if (optional) return undefined;
  throw new Failure('invalid_request', `the body is empty; send a JSON ${list ? 'array' : 'object'}`);
}

/** `curl -d` says the same of the JSON that it sends; no field's name begins with a bracket that is not escaped. */
function isUrlForm(contentType: string, text: string): boolean {
  return /^\s*application\/x-www-form-urlencoded\s*(;|$)/i.test(contentType) && /^\s*[^\s{[]/.test(text);
}

function fieldsOf(fields: ReadonlyMap<string, string>, jsonFields: readonly string[]): unknown {
  const read = [...fields].map(([name, text]) => [
    name,
    jsonFields.includes(name) && text !== '' ? readObject(text, `the field ${name}`, name) : text,
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

/** `field` is the one of a form that holds it. */
function readObject(text: string, what: string, field?: string): unknown {
  const parsed = readJson(text, what, field);
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw new Failure('invalid_request', `${what} must be a JSON object`, at(field, 'must be a JSON object'));
}

function readJson(text: string, what: string, field?: string): unknown {
  const problem = findJsonProblem(text, maxDepth);
  if (problem === undefined) return JSON.parse(text);
  throw invalid(what, `line ${problem.line}, column ${problem.column}: ${problem.reason}`, field);
}

function invalid(what: string, reason: string, field?: string): Failure {
  const said = `is not valid JSON: ${reason}`;
  return new Failure('invalid_request', `${what} ${said}`, at(field, said));
}

function at(path: string | undefined, reason: string) {
  return path === undefined ? {} : { details: [{ path, reason }] };
}
