import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDuration } from '#core/model/duration.ts';
import vectors from '../../vectors/durations.json' with { type: 'json' };

const go = vectors.go as [string, number | null][];

describe('a duration in the grammar of Go', () => {
  test.each(go)('given %j, then it is %s seconds', (text, seconds) => {
    const expected = seconds === null ? undefined : BigInt(Math.round(seconds * 1e9));
    expect(parseDuration(text)).toBe(expected);
  });

  test.each([
    ['0.3333333333333333333h', 1_200_000_000_000n],
    ['9007199254.740993s', 9_007_199_254_740_993_000n],
    ['9223372036854775807ns', 9_223_372_036_854_775_807n],
    ['9223372036854775.807us', 9_223_372_036_854_775_807n],
    ['9223372036s854ms775us807ns', 9_223_372_036_854_775_807n],
    ['-9223372036854775808ns', -9_223_372_036_854_775_808n],
    ['0.100000000000000000000h', 360_000_000_000n],
    ['0.9223372036854775807h', 3_320_413_933_267n],
    ['00000000000000000000000000000001s', 1_000_000_000n],
  ])('given %j at the edge of 64 bits, then it is exact', (text, nanoseconds) => {
    expect(parseDuration(text)).toBe(nanoseconds);
  });

  test.each([
    '9223372036854775808ns',
    '9223372036854776us',
    '9223372036s854ms775us808ns',
    '-9223372036854775809ns',
    '99999999999999999999h',
    '--5s',
    '+-5s',
    '+',
    '1',
    '1.5',
    '1..5s',
    '5s ',
    ' 5s',
    '5S',
    '\uff15s',
  ])('given %j, then it is refused', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test('given any whole parts, then they add up', () => {
    const part = fc.tuple(fc.nat(1_000_000), fc.constantFrom('ns', 'us', 'ms', 's', 'm', 'h'));
    const sizes: Record<string, bigint> = {
      ns: 1n,
      us: 1000n,
      ms: 10n ** 6n,
      s: 10n ** 9n,
      m: 6n * 10n ** 10n,
      h: 36n * 10n ** 11n,
    };
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 2 }), fc.boolean(), (parts, negative) => {
        const text = parts.map(([count, unit]) => `${count}${unit}`).join('');
        const sum = parts.reduce((total, [count, unit]) => total + BigInt(count) * sizes[unit]!, 0n);
        expect(parseDuration(negative ? `-${text}` : text)).toBe(negative ? -sum : sum);
      }),
    );
  });

  test('given days are asked for, then d is 24 hours and combines with the rest', () => {
    expect(parseDuration('1d12h', { days: true })).toBe(129_600_000_000_000n);
    expect(parseDuration('0.5d', { days: true })).toBe(43_200_000_000_000n);
    expect(parseDuration('1D', { days: true })).toBeUndefined();
  });
});
