import { createDynamoDbTable } from '#adapters/aws/dynamodb-table.ts';
import type { PlainWrite } from '#core/model/ports/table.ts';
import { writeAll } from '#core/table/write-all.ts';
import { createRandomSource } from './random-source.ts';
import { createSimulatedTime } from './simulated-time.ts';
import { createThrottlingPartitions, partitionRate } from './throttling-partitions.ts';

export type Crowd = {
  /** Processes that write, each with so many streams: a first load has four of sixteen. */
  readonly processes: number;
  readonly streams: number;
  readonly partitions: number;
  readonly recordsAStream: number;
  /** Seconds of unused capacity in store at the beginning. */
  readonly storedSeconds: number;
  readonly seed: number;
};

export type CrowdResult = {
  /** By the simulated clock. */
  readonly seconds: number;
  /** What the partitions need at least: what is written beyond the store, by what they take together in a second. */
  readonly leastSeconds: number;
  /** Calls that write a batch of 250, those that threw, and the longest of them. */
  readonly calls: number;
  readonly thrown: number;
  readonly longestSeconds: number;
  readonly written: number;
  readonly demanded: number;
  /** Requests for each 25 records. */
  readonly requestsABatch: number;
};

/** How one process writes a batch: it throws, or all of it stands when it comes back. */
export type BatchWriting = (
  writes: readonly PlainWrite[],
  onCall: <T>(call: () => Promise<T>) => Promise<T>,
) => Promise<void>;

/** What a way of writing is made with, once a process. */
export type WritingParts = {
  readonly client: Parameters<typeof createDynamoDbTable>[0];
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly random: () => number;
  readonly now: () => number;
};

/** As the product does it. */
export function writingOfTheProduct({ client, ...patience }: WritingParts): BatchWriting {
  const table = createDynamoDbTable(client, 'crowded', patience);
  return (writes, onCall) =>
    writeAll({ batchWrite: (left) => onCall(() => table.batchWrite(left)) }, writes, async () => {});
}

/** A page of a listing takes so long, and is written in batches of so many, as by the product. */
const pageMs = 80;
const pageRecords = 1000;
const batchRecords = 250;

/** A simulation that takes longer than this, seconds, does not end. */
const longestSeconds = 36_000;

/**
 * Streams that list and write to partitions which are fewer than they would need, spread evenly over them. A stream whose
 * write throws is out, as a run that fails.
 */
export async function crowd(given: Crowd, writing: (parts: WritingParts) => BatchWriting): Promise<CrowdResult> {
  const random = createRandomSource(given.seed);
  const time = createSimulatedTime(0, random.fork());
  const { client, taken, requests } = createThrottlingPartitions({
    ...{ time, random: random.fork(), count: given.partitions, storedSeconds: given.storedSeconds },
    placeOf: (pk) => Number(pk) % given.partitions,
  });
  const sleep = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => void time.after(milliseconds, resolve));
  const chance = random.fork();
  const parts = { client, sleep, now: time.clock.now, random: () => chance.below(2 ** 30) / 2 ** 30 };
  const seen = { calls: 0, thrown: 0, longestMs: 0, endMs: 0 };
  const onCall = async <T>(call: () => Promise<T>): Promise<T> => {
    const began = time.clock.now();
    seen.calls += 1;
    try {
      return await call();
    } finally {
      seen.longestMs = Math.max(seen.longestMs, time.clock.now() - began);
    }
  };
  const stream = async (name: number, write: BatchWriting): Promise<void> => {
    try {
      for (let done = 0; done < given.recordsAStream; done += batchRecords) {
        if (done % pageRecords === 0) await sleep(pageMs);
        await write(puts(name, done, Math.min(given.recordsAStream, done + batchRecords)), onCall);
      }
    } catch {
      seen.thrown += 1;
    }
    seen.endMs = time.clock.now();
  };
  const all: Promise<void>[] = [];
  for (let process = 0; process < given.processes; process += 1) {
    const write = writing(parts);
    for (let each = 0; each < given.streams; each += 1) {
      all.push(stream(process * given.streams + each, write));
    }
  }
  let over = false;
  void Promise.all(all).then(() => {
    over = true;
  });
  for (let until = 1; !over && until < longestSeconds; until += 1) await time.runUntil(until * 1000);
  if (!over) throw new Error(`not over after ${longestSeconds} s`);
  const demanded = given.processes * given.streams * given.recordsAStream;
  const written = taken.reduce((sum, units) => sum + units, 0);
  const beyond = Math.max(0, demanded / given.partitions - given.storedSeconds * partitionRate);
  return {
    ...{ seconds: seen.endMs / 1000, leastSeconds: beyond / partitionRate, demanded, written },
    ...{ calls: seen.calls, thrown: seen.thrown, longestSeconds: seen.longestMs / 1000 },
    requestsABatch: requests.all / (demanded / 25),
  };
}

function puts(name: number, from: number, to: number): PlainWrite[] {
  return Array.from({ length: to - from }, (_, index) => ({ put: { pk: String(name), sk: String(from + index) } }));
}
