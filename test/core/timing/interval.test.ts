import { describe, expect, test } from 'vitest';
import { parseInterval } from '#core/timing/interval.ts';
import vectors from '../../vectors/durations.json' with { type: 'json' };

const rows = vectors.interval as [string, string | null][];
const reasonOf = (text: string, minimumSeconds?: number) => {
  const result = parseInterval(text, minimumSeconds === undefined ? {} : { minimumSeconds });
  return result.ok ? undefined : result.reason;
};

describe('sync.interval', () => {
  test.each(rows)('given %j, then the expression is %s', (text, expression) => {
    const result = parseInterval(text);
    expect(result.ok ? result.expression : null).toBe(expression);
    if (!result.ok) expect(result.reason).toMatch(/.{20}/);
  });

  test.each([
    ['10s', 10, 6],
    ['15s', 15, 4],
    ['20s', 20, 3],
    ['30s', 30, 2],
    ['0.5m', 30, 2],
    ['60s', 60, 1],
    ['1d12h', 129_600, 1],
    ['365d', 31_536_000, 1],
  ])('given %j, then it is %i seconds and %i slots a tick', (text, seconds, slotsPerTick) => {
    expect(parseInterval(text)).toMatchObject({ ok: true, seconds, slotsPerTick });
  });

  test.each([
    ['45s', 'the nearest are 30s and 1m'],
    ['61s', 'the nearest are 1m and 2m'],
    ['90s', 'the nearest are 1m and 2m'],
    ['5s', 'the nearest is 10s'],
    ['100ms', 'the nearest is 10s'],
    ['1ns', 'the nearest is 10s'],
    ['12s', 'the nearest are 10s and 15s'],
    ['3601s', 'the nearest are 1h and 61m'],
    ['366d', 'the nearest is 365d'],
    ['365d1s', 'the nearest is 365d'],
    ['-5m', 'longer than zero: the shortest is 10s'],
    ['0', 'longer than zero: the shortest is 10s'],
    ['every 5m', 'is not a duration'],
  ])('given %j, then the reason says %j', (text, words) => {
    expect(reasonOf(text)).toContain(words);
  });

  test('given a minimum, then shorter ones are refused and only allowed ones are proposed', () => {
    expect(parseInterval('5m', { minimumSeconds: 300 }).ok).toBe(true);
    expect(reasonOf('1m', 300)).toContain('the shortest is 5m');
    expect(reasonOf('30s', 61)).toContain('the shortest is 2m');
    expect(reasonOf('45s', 300)).toContain('the nearest is 5m');
    expect(reasonOf('301s', 300)).toContain('the nearest are 5m and 6m');
    expect(reasonOf('0', 300)).toContain('the shortest is 5m');
  });

  test('given a long text, then the reason does not echo all of it', () => {
    expect(reasonOf('x'.repeat(10_000))?.length).toBeLessThan(200);
  });
});
