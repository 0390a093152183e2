import type { MiddlewareObj } from '@middy/core';
import { Failure, type FailureDetail } from '#core/model/errors.ts';
import type { HttpEvent } from '../table/http-event.ts';
import type { QueryParameter, QueryValues, Route } from '../table/route.ts';

/**
 * Reads the query string of a route's request, from the raw text: API Gateway joins repeated parameters with commas,
 * which filters hold themselves. What the route does not know, what is given twice and broken escapes are refused.
 */
export function queryParameters(route: Pick<Route, 'query'>): MiddlewareObj<HttpEvent> {
  return {
    before: ({ event }) => {
      event.state.query = readQuery(event.rawQueryString ?? '', route.query ?? []);
    },
  };
}

/** Throws Failure `invalid_request` naming all that is wrong. */
export function readQuery(raw: string, known: readonly QueryParameter[]): QueryValues {
  if (!isDecodable(raw)) throw refuse([{ path: '', reason: 'holds an escape that is not UTF-8, such as %FF or %zz' }]);
  const given = new URLSearchParams(raw);
  const details: FailureDetail[] = [];
  const values: QueryValues = Object.create(null);
  for (const name of new Set(given.keys())) {
    const parameter = known.find((each) => each.name === name);
    const all = given.getAll(name);
    if (parameter === undefined) details.push({ path: shorten(name), reason: unknownReason(known) });
    else if (parameter.repeatable) values[name] = all;
    else if (all.length > 1) details.push({ path: name, reason: 'is given more than once' });
    else values[name] = all[0];
  }
  if (details.length > 0) throw refuse(details);
  return values;
}

/** A parameter that is `true` or `false`; absent is false. Throws Failure `invalid_request`. */
export function readFlag(query: QueryValues, name: string): boolean {
  const text = query[name];
  if (text === undefined || text === 'false') return false;
  if (text === 'true') return true;
  throw refuse([{ path: name, reason: 'must be true or false' }]);
}

/** A whole number in a range, ends included; undefined when absent. Throws Failure `invalid_request`. */
export function readCount(query: QueryValues, name: string, range: { from: number; to: number }): number | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  const count = typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= range.from && count <= range.to) return count;
  const reason = `must be a whole number from ${range.from} to ${range.to.toLocaleString('en')}`;
  throw refuse([{ path: name, reason }]);
}

function isDecodable(raw: string): boolean {
  try {
    decodeURIComponent(raw);
    return true;
  } catch {
    return false;
  }
}

function unknownReason(known: readonly QueryParameter[]): string {
  if (known.length === 0) return 'is not known: this route takes no query parameters';
  return `is not known; known are ${known.map(({ name }) => name).join(', ')}`;
}

function refuse(details: FailureDetail[]): Failure {
  const [first] = details;
  const where = first?.path ? `${first.path}: ` : '';
  const more = details.length > 1 ? ` (and ${details.length - 1} more, see details)` : '';
  return new Failure('invalid_request', `the query string is not valid: ${where}${first?.reason}${more}`, { details });
}

function shorten(name: string): string {
  return name.length <= 80 ? name : `${name.slice(0, 79)}…`;
}
