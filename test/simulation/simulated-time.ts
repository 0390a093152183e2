import type { Clock } from '#core/model/ports/host.ts';
import type { RandomSource } from './random-source.ts';

/** Something that is to happen; it does not once it was called off. */
export type Pending = { called_off: boolean };

export type SimulatedTime = {
  readonly clock: Clock;
  /** Lets something happen at a moment, epoch milliseconds; one that is over already is now. */
  at(time: number, happen: () => void): Pending;
  after(milliseconds: number, happen: () => void): Pending;
  /** Lets all that is due by then happen, in order; the clock ends there. */
  runUntil(time: number): Promise<void>;
};

type Entry = Pending & { readonly time: number; readonly rank: number; readonly order: number; happen: () => void };

/**
 * The one queue of all that is to happen. What falls on the same moment is ordered by chance, which the seed repeats.
 * Between two happenings every promise settles, so that nothing but this queue decides what comes before what.
 */
export function createSimulatedTime(start: number, random: RandomSource): SimulatedTime {
  let now = start;
  let order = 0;
  const heap: Entry[] = [];
  const at = (time: number, happen: () => void): Pending => {
    order += 1;
    const entry = { time: Math.max(time, now), rank: random.below(2 ** 30), order, happen, called_off: false };
    push(heap, entry);
    return entry;
  };
  return {
    clock: { now: () => now },
    at,
    after: (milliseconds, happen) => at(now + milliseconds, happen),
    async runUntil(time) {
      await settle();
      for (let next = heap[0]; next !== undefined && next.time <= time; next = heap[0]) {
        pop(heap);
        if (next.called_off) continue;
        now = next.time;
        next.happen();
        await settle();
      }
      now = Math.max(now, time);
    },
  };
}

/** The queue of promise reactions is emptied before the event loop comes to an immediate. */
function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function isBefore(one: Entry, other: Entry): boolean {
  if (one.time !== other.time) return one.time < other.time;
  return one.rank === other.rank ? one.order < other.order : one.rank < other.rank;
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as Entry;
    if (!isBefore(entry, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    if (left >= heap.length) break;
    const right = left + 1;
    const child = right < heap.length && isBefore(heap[right] as Entry, heap[left] as Entry) ? right : left;
    const below = heap[child] as Entry;
    if (!isBefore(below, last)) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = last;
}
