import { feedPrefixes } from '#core/changes/feed-prefixes.ts';
import type { ItemChange } from '#core/model/ports/table.ts';
import type { RandomSource } from './random-source.ts';
import type { Outcome } from './simulated-queue.ts';
import type { SimulatedTime } from './simulated-time.ts';
import type { Turbulence } from './turbulence.ts';

/** The table's feed: each reader is given every change at least once, those of one item in order. */
export type SimulatedFeed = {
  append(changes: readonly ItemChange[]): void;
  /** Changes that some reader has yet to take. */
  readonly waiting: number;
};

export type FeedReader = (changes: readonly ItemChange[], done: (outcome: Outcome) => void) => void;

/** Items stay on their shard; between shards there is no order. */
const shards = 3;
const batch = 100;

export function createSimulatedFeed(deps: {
  readonly time: SimulatedTime;
  readonly random: RandomSource;
  readonly weather: () => Turbulence;
  readonly readers: readonly FeedReader[];
}): SimulatedFeed {
  const lanes = deps.readers.flatMap((read) => Array.from({ length: shards }, () => createLane(deps, read)));
  return {
    append(changes) {
      for (const change of changes) {
        if (!isFed(change)) continue;
        const shard = shardOf(change.key.pk + change.key.sk);
        for (let reader = 0; reader < deps.readers.length; reader += 1) lanes[reader * shards + shard]?.push(change);
      }
    },
    get waiting() {
      return lanes.reduce((sum, lane) => sum + lane.waiting(), 0);
    },
  };
}

type Lane = { push(change: ItemChange): void; waiting(): number };

function createLane(
  { time, random, weather }: Omit<Parameters<typeof createSimulatedFeed>[0], 'readers'>,
  read: FeedReader,
): Lane {
  let changes: ItemChange[] = [];
  let busy = false;
  const next = (after: number): void => {
    busy = true;
    time.after(after, () => {
      const given = changes.slice(0, batch);
      read(given, (outcome) => {
        busy = false;
        // What was not taken is given again, and now and then what was.
        if (outcome !== 'done') return next(random.between(1000, 20_000));
        if (random.chance(weather().duplicate)) return next(random.between(10, 5000));
        changes = changes.slice(given.length);
        if (changes.length > 0) next(random.between(10, 300));
      });
    });
  };
  return {
    push(change) {
      changes.push(change);
      if (!busy) next(random.between(50, 700));
    },
    waiting: () => changes.length,
  };
}

/** As the stream's filters of infra/aws/constructs/changes.ts, and the embedded outbox, have it. */
function isFed({ key, after }: ItemChange): boolean {
  return after?.quiet !== true && feedPrefixes.some((prefix) => key.pk.startsWith(prefix));
}

function shardOf(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return Math.abs(hash) % shards;
}
