import { expect, test } from 'vitest';
import { createRandomIds } from '#adapters/process/random-ids.ts';
import { systemClock } from '#adapters/process/system-clock.ts';

test('given many identifiers, then each is 25 of [0-9a-z], none twice, and all their bits are used', () => {
  const ids = createRandomIds();
  const made = Array.from({ length: 5000 }, () => ids.unique());
  for (const id of made) expect(id).toMatch(/^[0-9a-z]{25}$/);
  expect(new Set(made).size).toBe(made.length);
  const values = made.map((id) => [...id].reduce((sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36)), 0n));
  // A bit that never changes in 5,000 draws is not random: the odds are 2^-4999.
  expect(values.reduce((a, b) => a | b)).toBe(2n ** 128n - 1n);
  expect(values.reduce((a, b) => a & b)).toBe(0n);
});

test('given the system clock, then it tells epoch milliseconds', () => {
  const before = Date.now();
  const now = systemClock.now();
  expect(now).toBeGreaterThanOrEqual(before);
  expect(now).toBeLessThanOrEqual(Date.now());
});
