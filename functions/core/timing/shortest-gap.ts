import { nextFire } from './next-fire.ts';

/** Firings of a cron that are looked at: a working day's hours have a night between them. */
const firingsLookedAt = 16;

/** The shortest time between two firings of an expression, from its start on; milliseconds. Undefined where it has no two. */
export function shortestGapMs(expression: string, timezone: string, startAt: number): number | undefined {
  let shortest: number | undefined;
  let last = nextFire(expression, timezone, startAt, startAt - 1);
  for (let looked = 0; looked < firingsLookedAt && last !== undefined; looked += 1) {
    const next = nextFire(expression, timezone, startAt, last);
    if (next !== undefined) shortest = Math.min(shortest ?? next - last, next - last);
    last = next;
  }
  return shortest;
}
