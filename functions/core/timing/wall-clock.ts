const DAY = 86_400_000;

/** The clock on the wall of one time zone. A wall time is written as the epoch ms at which a clock in UTC shows it. */
export type WallClock = {
  /** What the clock shows at an instant (epoch ms). */
  at(instant: number): number;
  /** The first instant (epoch ms) at which it shows a wall time; undefined when that is skipped by a change of offset. */
  firstInstantOf(wall: number): number | undefined;
};

/** Throws RangeError for a name that Intl does not know: ask canFire (time-zone.ts) before. Exact to the millisecond for years 1–9999. */
export function wallClockOf(timezone: string): WallClock {
  const format = new Intl.DateTimeFormat('en', {
    timeZone: timezone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const at = (instant: number) => {
    const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const field = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    const millisecond = ((instant % 1000) + 1000) % 1000;
    const date = [field('year'), field('month') - 1, field('day')] as const;
    return Date.UTC(...date, field('hour'), field('minute'), field('second'), millisecond);
  };
  const firstInstantOf = (wall: number) => {
    // The offsets in force a day before and a day after are the only ones that can hold at this wall time, for no
    // zone changes twice within two days; the larger offset gives the earlier instant.
    const candidates = [wall - DAY, wall + DAY].map((nearby) => wall - (at(nearby) - nearby));
    return candidates.sort((a, b) => a - b).find((instant) => at(instant) === wall);
  };
  return { at, firstInstantOf };
}
