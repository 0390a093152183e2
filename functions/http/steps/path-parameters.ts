import type { MiddlewareObj } from '@middy/core';
import { Failure } from '#core/model/errors.ts';
import { identifier } from '#core/model/identifier.ts';
import type { HttpEvent } from '../table/http-event.ts';

type Rule = { readonly accepts: (value: string) => boolean; readonly reason: string };

/** Ids of runs are ours. */
const runId: Rule = {
  accepts: (value) => /^[0-9a-z]{1,64}$/.test(value),
  reason: 'must be the id of a run: at most 64 of a–z and 0–9',
};

const keyId: Rule = {
  accepts: (value) => /^[0-9a-z]{12}$/.test(value),
  reason: 'must be the id of an API key: 12 of a–z and 0–9',
};

/** Ids under /v1 are the numbers of connectors and datasources. */
const number: Rule = { accepts: (value) => isNumber(value), reason: 'must be a whole number from 1' };

// A datasource id, a dot and the base64url of an S3 key, which has at most 1,024 bytes: 64 + 1 + 1,366.
const documentId: Rule = {
  accepts: (value) => /^[A-Za-z0-9_.-]{1,1500}$/.test(value),
  reason: 'must be the id of a document: at most 1,500 of letters, digits, _ . -',
};

/** The form of each parameter that a route's path may have. */
const rules: Readonly<Record<string, Rule>> = {
  id: {
    accepts: (value) => identifier.safeParse(value).success,
    reason: 'must be 1–64 of letters, digits, _ . - and begin with a letter or digit',
  },
  run: runId,
  key: keyId,
  doc_id: documentId,
  document: documentId,
  connector: number,
  schedule: number,
  job: number,
  webhook: number,
  hint: { accepts: (value) => value.length <= 1024, reason: 'must be at most 1,024 characters' },
};

/**
 * Decodes the parameters of the path, which the router leaves as they came, and refuses what cannot be one before
 * anything is looked up. API Gateway decodes the path already; what is valid here has no `%` left, so that a host which
 * does not comes to the same.
 */
export const pathParameters: MiddlewareObj<HttpEvent> = {
  before: ({ event }) => {
    const raw = Object.entries(event.pathParameters ?? {});
    event.state.params = Object.fromEntries(raw.map(([name, value]) => [name, readParameter(name, value ?? '')]));
  },
};

/** True if the text is an id as it stands under /v1: an exact integer, spelt in one way only. */
export function isNumber(text: string): boolean {
  return /^[1-9][0-9]{0,15}$/.test(text) && Number.isSafeInteger(Number(text));
}

/** True if the text can be the id of a run. */
export function isRunId(text: string): boolean {
  return runId.accepts(text);
}

/** True if the text can be the id of an API key. */
export function isKeyId(text: string): boolean {
  return keyId.accepts(text);
}

function readParameter(name: string, raw: string): string {
  // A hint may well hold a `%` of its own; it is for people to read, so it is taken as it comes.
  const value = name === 'hint' ? raw : decode(name, raw);
  const rule = rules[name];
  if (rule === undefined) throw new Error(`the path parameter ${name} has no rule`);
  if (!rule.accepts(value)) throw refuse(name, rule.reason);
  return value;
}

function decode(name: string, raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    throw refuse(name, 'holds an escape that is not UTF-8, such as %FF or %zz');
  }
}

function refuse(name: string, reason: string): Failure {
  return new Failure('invalid_request', `the ${name} in the path ${reason}`, { details: [{ path: name, reason }] });
}
