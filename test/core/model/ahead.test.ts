import { expect, it } from 'vitest';
import { createWatchedClock } from '#adapters/process/watched-clock.ts';
import { liesAhead, wasAhead } from '#core/model/ahead.ts';
import { createRecordingLog } from '#support/recording-log.ts';

const day = 86_400_000;

it('a moment lies ahead beyond its reach and the five minutes that clocks may differ by', () => {
  expect(liesAhead(1000, 0)).toBe(false);
  expect(liesAhead(300_000, 0)).toBe(false);
  expect(liesAhead(300_001, 0)).toBe(true);
  expect(liesAhead(360_001, 0, 60_000)).toBe(true);
  expect(liesAhead(360_000, 0, 60_000)).toBe(false);
});

it('a clock that is watched over warns once a day of what only a clock ahead of it can have written', () => {
  const log = createRecordingLog();
  let now = 0;
  const clock = createWatchedClock({ now: () => now }, log);
  expect(wasAhead(clock, 1000)).toBe(false);
  expect(log.lines).toEqual([]);
  for (const at of [40 * day, 41 * day]) expect(wasAhead(clock, at)).toBe(true);
  expect(log.lines).toMatchObject([{ level: 'warn', fields: { ahead_s: 40 * 86_400 } }]);
  now += day;
  wasAhead(clock, 50 * day);
  // And again at once where the clock that warned was ahead itself
  now -= 2 * day;
  wasAhead(clock, 50 * day);
  wasAhead(clock, 50 * day);
  expect(log.lines).toHaveLength(3);
});
