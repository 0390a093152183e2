import type { Buckets } from '#core/model/ports/bucket.ts';
import { type BucketModel, createBucketModel, createModelBuckets } from './bucket-model.ts';
import { createFaultyBuckets, type FaultyBuckets, type ListingFaultKind } from './listing-faults.ts';
import type { RandomSource } from './random-source.ts';

/** The S3 servers of a simulation, and what was when in their buckets. */
export type SimulatedBuckets = {
  readonly ports: Buckets;
  model(bucket: string): BucketModel;
  put(bucket: string, key: string): void;
  remove(bucket: string, key: string): void;
  /** Whether a bucket was without a key at some time from one moment to another, both included. */
  lacked(bucket: string, key: string, from: number, to: number): boolean;
  /** Makes a bucket's server misbehave in one way, at this share of its pages, until it is healed. */
  spoil(bucket: string, kind: ListingFaultKind, share: number): void;
  heal(): void;
  /** How long the answer that was given last hung, milliseconds; once. */
  takeDelay(): number;
};

/** As the S3 client gives up waiting. */
const requestTimeoutMs = 30_000;

type Moment = { readonly at: number; readonly present: boolean };
type Kept = {
  readonly model: BucketModel;
  readonly server: FaultyBuckets;
  readonly history: Map<string, Moment[]>;
};

/** `onList` is called while a page is asked for, before it is answered: for those who change the bucket just then. */
export function createSimulatedBuckets(
  names: readonly string[],
  now: () => number,
  random: RandomSource,
  onList: (bucket: string) => void,
): SimulatedBuckets {
  let delay = 0;
  const advance = (milliseconds: number): void => {
    delay += milliseconds;
  };
  const kept = new Map<string, Kept>(
    names.map((name) => {
      const model = createBucketModel(name, now);
      const server = createFaultyBuckets(createModelBuckets([model]), { advance, requestTimeoutMs });
      return [name, { model, server, history: new Map() }];
    }),
  );
  const at = (name: string): Kept => {
    const found = kept.get(name);
    if (found === undefined) throw new Error(`there is no bucket ${name} in this simulation`);
    return found;
  };
  const note = ({ history }: Kept, key: string, present: boolean): void => {
    const moments = history.get(key) ?? [];
    moments.push({ at: now(), present });
    history.set(key, moments);
  };
  return {
    ports: {
      open(target) {
        const bucket = at(target.bucket).server.open(target);
        const list: typeof bucket.list = (request) => {
          onList(target.bucket);
          return bucket.list(request);
        };
        return { ...bucket, list };
      },
    },
    model: (name) => at(name).model,
    put(name, key) {
      const bucket = at(name);
      bucket.model.put(key);
      note(bucket, key, true);
    },
    remove(name, key) {
      const bucket = at(name);
      if (bucket.model.delete(key)) note(bucket, key, false);
    },
    lacked: (name, key, from, to) => lackedBetween(at(name).history.get(key) ?? [], from, to),
    spoil: (name, kind, share) => at(name).server.inject({ kind, strikes: () => random.chance(share) }),
    heal() {
      for (const { server } of kept.values()) server.clear();
    },
    takeDelay() {
      const taken = delay;
      delay = 0;
      return taken;
    },
  };
}

function lackedBetween(moments: readonly Moment[], from: number, to: number): boolean {
  let present = false;
  for (const moment of moments) {
    if (moment.at > to) break;
    // What it was until then: it counts if that reaches into the time asked about.
    if (moment.at >= from && !present) return true;
    present = moment.present;
  }
  return !present;
}
