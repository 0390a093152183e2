import type { BatchWriteItemCommandInput, DynamoDBClient, WriteRequest } from '@aws-sdk/client-dynamodb';
import type { RandomSource } from './random-source.ts';
import type { SimulatedTime } from './simulated-time.ts';

/** One partition takes so many write units a second, here a record each:
 *  https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html */
export const partitionRate = 1000;

/** What a partition did not use, for so many seconds, it can give at once:
 *  https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html */
export const burstSeconds = 300;

export type Partitions = {
  /** All that the table's adapter asks of the SDK's client to write a batch. */
  readonly client: Pick<DynamoDBClient, 'send'>;
  /** Of each partition, the units it took. */
  readonly taken: readonly number[];
  /** Requests that came, and those of them that were pushed back in part or whole. */
  readonly requests: { all: number; pushedBack: number };
};

type Options = {
  readonly time: SimulatedTime;
  readonly random: RandomSource;
  readonly count: number;
  /** Where the items of a partition key stand. */
  readonly placeOf: (pk: string) => number;
  /** Seconds of unused capacity that each has in store when the table is first written to, `burstSeconds` at most. */
  readonly storedSeconds: number;
  /** Told of each write that is taken. */
  readonly apply?: (request: WriteRequest) => void;
};

/** What the SDK's client does by itself where a request is refused whole: two more tries, each after a wait. */
const ownTries = 3;
const ownWaitMs = 500;

/**
 * The partitions of a table that does not grow: each has `partitionRate` units for each second, and beyond that what it has in
 * store. What is used up at the beginning of a second is not there for the rest of it, which is harder on whoever writes than
 * units that come one by one. A request of which nothing is taken is refused with an error, one of which some is names the
 * rest.
 */
export function createThrottlingPartitions(options: Options): Partitions {
  const { time, random, count, placeOf, storedSeconds, apply } = options;
  const most = burstSeconds * partitionRate;
  const stores = Array.from({ length: count }, () => ({ units: (storedSeconds + 1) * partitionRate, second: 0 }));
  const began = time.clock.now();
  const taken = stores.map(() => 0);
  const requests = { all: 0, pushedBack: 0 };
  const take = (place: number): boolean => {
    const store = stores[place];
    if (store === undefined) throw new Error(`there is no partition ${place}`);
    const second = Math.floor((time.clock.now() - began) / 1000);
    store.units = Math.min(most, store.units + (second - store.second) * partitionRate);
    store.second = second;
    if (store.units < 1) return false;
    store.units -= 1;
    taken[place] = (taken[place] ?? 0) + 1;
    return true;
  };
  const sleep = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => void time.after(milliseconds, resolve));
  const send = async ({ input }: { readonly input: BatchWriteItemCommandInput }) => {
    const [[name, writes = []] = ['', []]] = Object.entries(input.RequestItems ?? {});
    for (let tries = 1; ; tries += 1) {
      await sleep(random.between(4, 15));
      requests.all += 1;
      const left = writes.filter((write) => !take(placeOf(partitionKeyOf(write))));
      for (const write of writes) if (!left.includes(write)) apply?.(write);
      if (left.length > 0) requests.pushedBack += 1;
      const attempts = { $metadata: { attempts: tries } };
      if (left.length < writes.length)
        return { ...attempts, UnprocessedItems: left.length > 0 ? { [name]: left } : {} };
      if (tries === ownTries)
        throw Object.assign(new Error('refused'), { name: 'ProvisionedThroughputExceededException' });
      await sleep(random.below(ownWaitMs * 2 ** (tries - 1)));
    }
  };
  // The script answers one command; the client's own type has an overload for each of its hundreds.
  return { client: { send } as unknown as Pick<DynamoDBClient, 'send'>, taken, requests };
}

function partitionKeyOf({ PutRequest, DeleteRequest }: WriteRequest): string {
  return (PutRequest?.Item ?? DeleteRequest?.Key)?.pk?.S ?? '';
}
