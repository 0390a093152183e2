import { expect, it, test } from 'vitest';
import { tickShiftMs } from '#core/schedules/tick-shift.ts';

const anchor = Date.parse('2026-11-30T12:34:56Z');
const most = 60_000;
const policy = (expression: string, more: object = {}) => ({
  ...{ enabled: true, strategy: 'cron' as const, changed_by: 'api' as const, timezone: 'UTC', anchor, expression },
  ...more,
});
const shiftsOf = (expression: string, count = 2000): number[] =>
  Array.from({ length: count }, (_, index) => tickShiftMs({ id: `d${index}`, sync: policy(expression) }, most) / 1000);

test.each([
  ['cron(0 6 * * ? *)', 60],
  ['cron(0 * * * ? *)', 60],
  ['cron(*/5 * * * ? *)', 30],
  ['cron(* * * * ? *)', 6],
  // Two minutes in a row, then a day: the shorter gap counts, so that the second never meets the first.
  ['cron(0,1 6 * * ? *)', 6],
  ['cron(0 6 ? * 2 *)', 60],
])('given many datasources with %s, then they are spread over %i seconds, all of them alike', (expression, seconds) => {
  const shifts = shiftsOf(expression);
  expect(Math.min(...shifts)).toBe(0);
  expect(Math.max(...shifts)).toBe(seconds);
  expect(new Set(shifts).size).toBe(seconds + 1);
  const counts = new Map<number, number>();
  for (const shift of shifts) counts.set(shift, (counts.get(shift) ?? 0) + 1);
  const fullest = Math.max(...counts.values());
  expect(fullest).toBeLessThan((2 * shifts.length) / (seconds + 1));
});

it('is the same for one id whenever it is asked', () => {
  const sync = policy('cron(0,30 6-9 * * ? *)', { timezone: 'Europe/Berlin' });
  const shift = tickShiftMs({ id: 'photos', sync }, most);
  expect(tickShiftMs({ id: 'photos', sync: { ...sync, anchor: anchor + 86_400_000 * 40 } }, most)).toBe(shift);
});

it.each([
  ['a rate', policy('rate(1 hour)')],
  ['what was set in the console', policy('cron(0 6 * * ? *)', { changed_by: 'console' })],
  ['a moment', policy('at(2027-01-31T06:00:00)')],
  ['what is synced by hand', policy('', { expression: undefined })],
  ['what never fires', policy('cron(0 6 31 2 ? *)')],
])('given %s, then nothing is shifted', (_, sync) => {
  const ids = Array.from({ length: 50 }, (_each, index) => `d${index}`);
  expect(ids.map((id) => tickShiftMs({ id, sync }, most)).filter((shift) => shift !== 0)).toEqual([]);
});

it('is nothing where the host does not spread', () => {
  expect(tickShiftMs({ id: 'd7', sync: policy('cron(0 6 * * ? *)') }, 0)).toBe(0);
});
