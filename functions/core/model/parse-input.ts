import type * as z from 'zod';
import { Failure, type FailureDetail } from './errors.ts';
import { plainWords } from './plain-words.ts';

/** Ours: a body of 1 MB can have tens of thousands of mistakes, which no answer could hold. */
const mostDetails = 100;

/**
 * Parses what a caller sent. Throws Failure `invalid_request` that names each wrong field and why (the first 100), so
 * that one round trip is enough to mend all of them.
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown, what: string): z.output<Schema> {
  const result = schema.safeParse(input, { reportInput: true, error: plainWords });
  if (result.success) return result.data;
  const details = result.error.issues.flatMap(describe);
  const first = details[0];
  const more = details.length > 1 ? ` (and ${details.length - 1} more, see details)` : '';
  const where = first?.path ? `${first.path}: ` : '';
  throw new Failure('invalid_request', `${what} is not valid: ${where}${first?.reason}${more}`, {
    details: details.slice(0, mostDetails),
  });
}

function describe(issue: z.core.$ZodIssue): FailureDetail[] {
  const path = issue.path.map((part) => shorten(String(part))).join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: path === '' ? shorten(key) : `${path}.${shorten(key)}`,
      reason: 'is not a known field; remove it or correct its spelling',
    }));
  }
  return [{ path, reason: isAbsent(issue) ? 'is required' : issue.message }];
}

/** A field may have been given under another spelling than the one that the path has: what was read of it tells. */
function isAbsent(issue: z.core.$ZodIssue): boolean {
  return issue.code !== 'custom' && issue.input === undefined;
}

/** An error must not echo a whole hostile field name. */
function shorten(name: string): string {
  return name.length <= 80 ? name : `${name.slice(0, 77)}…`;
}
