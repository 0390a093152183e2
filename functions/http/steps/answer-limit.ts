import { Failure } from '#core/model/errors.ts';
import type { HttpResult } from '../table/http-event.ts';

/** What Lambda takes from a function, as JSON: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const mostBytes = 6 * 1024 * 1024;

/** A character takes six bytes at most when the body is written as JSON once more. */
const longestEscape = 6;

/**
 * Gives the answer back if Lambda can. Beyond its limit the caller would get a 500 that says nothing, so this is refused
 * on every host. Throws Failure `invalid_request`, which says to ask for less.
 */
export function withinAnswerLimit(result: HttpResult): HttpResult {
  const { body = '' } = result;
  if (body.length * longestEscape < mostBytes / 2) return result;
  const bytes = Buffer.byteLength(JSON.stringify(result));
  if (bytes <= mostBytes) return result;
  const megabytes = (bytes / 1024 / 1024).toFixed(1);
  throw new Failure('invalid_request', `the answer would have ${megabytes} MB, of at most 6: ask for fewer at once`);
}
