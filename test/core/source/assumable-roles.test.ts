import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAssumableRoles } from '#core/source/assumable-roles.ts';

const taken = (pattern: string, role: string): boolean =>
  createAssumableRoles([pattern], 'set it').refusal(role) === undefined;

/** What a pattern means, one character after another. */
function means(pattern: string, role: string): boolean {
  const [first] = pattern;
  if (first === undefined) return role === '';
  if (first === '*') return means(pattern.slice(1), role) || (role !== '' && means(pattern, role.slice(1)));
  return role !== '' && (first === '?' || first === role[0]) && means(pattern.slice(1), role.slice(1));
}

describe('patterns of roles', () => {
  it.each([
    ['*', 'arn:aws:iam::111122223333:role/any', true],
    ['arn:aws:iam::*:role/read-*', 'arn:aws:iam::111122223333:role/read-photos', true],
    ['arn:aws:iam::*:role/read-*', 'arn:aws:iam::111122223333:role/write-photos', false],
    ['arn:aws:iam::111122223333:role/a?c', 'arn:aws:iam::111122223333:role/abc', true],
    ['arn:aws:iam::111122223333:role/a?c', 'arn:aws:iam::111122223333:role/ac', false],
    ['a.c', 'abc', false],
    ['ab', 'abc', false],
    ['ab**', 'ab', true],
  ])('given %s, %s is taken: %s', (pattern, role, expected) => {
    expect(taken(pattern, role)).toBe(expected);
  });

  it('given any pattern and any role, it is as read one character after another', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
    const role = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
    fc.assert(fc.property(pattern, role, (one, other) => taken(one, other) === means(one, other)));
  });

  it('given many stars and a long role that almost matches, it is said within 50 ms of CPU', () => {
    const before = process.cpuUsage();
    expect(taken(`${'*a'.repeat(20)}*b`, 'a'.repeat(20_000))).toBe(false);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(50);
  });
});
