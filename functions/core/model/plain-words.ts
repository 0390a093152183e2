import type * as z from 'zod';

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

/**
 * Says of a value what it must be, where the shape has no words of its own for that: zod's "Invalid input: expected
 * object, received null" is no sentence for a caller. Undefined leaves it to zod.
 */
export function plainWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${kinds[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'too_big':
      return `must be at most ${amount(issue.maximum, issue.origin)}`;
    case 'too_small':
      return `must be at least ${amount(issue.minimum, issue.origin)}`;
    case 'invalid_format':
      return 'is not of the form that it must have';
    case 'invalid_union':
      return 'is none of the kinds that it may be';
    default:
      return undefined;
  }
}

const units: Readonly<Record<string, string>> = { string: ' characters long', array: ' entries long' };

function amount(limit: number | bigint, origin: string): string {
  return `${limit.toLocaleString('en')}${units[origin] ?? ''}`;
}
