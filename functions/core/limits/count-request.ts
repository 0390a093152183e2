import * as z from 'zod';
import { ConditionFailed, Failure } from '../model/errors.ts';
import type { Clock } from '../model/ports/host.ts';
import type { Item, Table } from '../model/ports/table.ts';

/** Costly requests that one caller may make in a minute of the clock: 5 a second on average, which no client of ours needs. */
export const costlyPerMinute = 300;

/**
 * A minute's counter stands in so many items, for one item that a hundred requests at once want to write is written a
 * hundred times in vain. A refused request reads them all, so they are few.
 */
const parts = 5;
const perPart = costlyPerMinute / parts;

/** Of a hundred requests at once, the most that the stack lets through by default, the last comes to its turn in 20 tries. */
const rounds = 10;

const minuteMs = 60_000;

/** Long enough that a counter is there for clocks that are behind. */
const keptSeconds = 3600;

const counterItem = z.object({ version: z.number().int() });

/** Too many costly requests of one caller. `retryAfterSeconds`: when the next one is taken. */
export class RateLimitExceeded extends Failure {
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    const begins = 'tests, previews, syncs, approvals, submissions of jobs';
    const changes = 'changes of connectors, datasources and schedules';
    const limit = `a key may begin ${costlyPerMinute} ${begins} and ${changes} a minute`;
    super('rate_limit_exceeded', `${limit}; try again in ${retryAfterSeconds} s`);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * Counts a request of `caller`, a short text that names a key without telling it. `request` is the request's own id.
 * Throws RateLimitExceeded (a Failure, `rate_limit_exceeded`) when the minute is full, or when so many come at once that
 * this one cannot be counted.
 */
export async function countRequest(
  { table, clock }: { readonly table: Table; readonly clock: Clock },
  { caller, request }: { readonly caller: string; readonly request: string },
): Promise<void> {
  const now = clock.now();
  const minute = Math.floor(now / minuteMs);
  const first = sumOf(request);
  for (let round = 1; round <= rounds; round += 1) {
    let full = 0;
    for (let step = 0; step < parts; step += 1) {
      const place = { pk: `costly#${caller}`, sk: `${minute}#${(first + step) % parts}` };
      const outcome = await countAt(table, place, (minute + 1) * 60 + keptSeconds);
      if (outcome === 'counted') return;
      if (outcome === 'full') full += 1;
    }
    if (full === parts) throw new RateLimitExceeded(Math.ceil(((minute + 1) * minuteMs - now) / 1000));
  }
  throw new RateLimitExceeded(1);
}

/** The count of a part is its version: each write demands the count that was read. */
async function countAt(
  table: Table,
  place: Pick<Item, 'pk' | 'sk'>,
  ttl: number,
): Promise<'counted' | 'full' | 'overtaken'> {
  const item = await table.get(place);
  const count = item === undefined ? 0 : counterItem.parse(item).version;
  if (count >= perPart) return 'full';
  try {
    const condition = count === 0 ? ({ type: 'absent' } as const) : ({ type: 'version', equals: count } as const);
    await table.put({ ...place, v: 1, version: count + 1, ttl }, condition);
    return 'counted';
  } catch (error) {
    if (error instanceof ConditionFailed) return 'overtaken';
    throw error;
  }
}

/** Spreads requests over the parts: their ids differ, and the core has no random numbers. */
function sumOf(text: string): number {
  return [...text].reduce((sum, character) => sum + (character.codePointAt(0) ?? 0), 0);
}
