import type { PlainWrite, Table } from '../model/ports/table.ts';

/**
 * So many places are emptied at once by one worker. One partition of DynamoDB takes 1,000 writes a second
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html), so eight take 8,000:
 * four workers delete a billion records in nine hours, and leave some of the table's 40,000 to the syncs beside them.
 */
export const placesAtOnce = 8;

/** Deleted in batches of this many: half a second of what one partition takes. */
const chunk = 500;

/** What is emptied one partition after the other, and what is to be noted then. */
export type Place = { readonly partitions: readonly string[]; readonly emptied?: () => Promise<void> };

/** What a worker has got done so far: items deleted, places emptied that had something to note. */
export type Emptied = { readonly items: number; readonly places: number };

/**
 * Deletes all that stands in these places, some of them at once, until `mayGoOn` says no; that is asked after each batch
 * and each place. Says what was done, and whether it was all. A failure is thrown when what is under way has ended.
 */
export async function emptyPlaces(
  table: Table,
  places: AsyncIterable<Place>,
  mayGoOn: (done: Emptied) => Promise<boolean>,
): Promise<Emptied & { readonly all: boolean }> {
  const done = { items: 0, places: 0 };
  let stopped = false;
  const failures: unknown[] = [];
  const queue = places[Symbol.asyncIterator]();
  const look = async (): Promise<void> => {
    if (!stopped && !(await mayGoOn(done))) stopped = true;
  };
  const empty = async ({ partitions, emptied }: Place): Promise<void> => {
    for (const pk of partitions) {
      for await (const deleted of emptyPartition(table, pk)) {
        done.items += deleted;
        await look();
        if (stopped) return;
      }
    }
    if (emptied === undefined) return;
    await emptied();
    done.places += 1;
    await look();
  };
  const lane = async (): Promise<void> => {
    while (!stopped) {
      const next = await queue.next();
      if (next.done) return;
      await empty(next.value);
    }
  };
  const lanes = Array.from({ length: placesAtOnce }, () =>
    lane().catch((error: unknown) => {
      stopped = true;
      failures.push(error);
    }),
  );
  await Promise.all(lanes);
  await queue.return?.();
  if (failures.length > 0) throw failures[0];
  return { ...done, all: !stopped };
}

/** Deletes what stands in a partition, batch by batch, and says how much was taken after each. Its end is that nothing is found there
 *  any more, and not that all was sent: a store may leave a part of a batch. */
export async function* emptyPartition(table: Table, pk: string): AsyncIterable<number> {
  let found: boolean;
  do {
    found = false;
    for await (const deletes of inChunks(table, pk)) {
      found = true;
      const left = await table.batchWrite(deletes);
      yield deletes.length - left.length;
    }
  } while (found);
}

async function* inChunks(table: Table, pk: string): AsyncIterable<PlainWrite[]> {
  let deletes: PlainWrite[] = [];
  for await (const { sk } of table.query({ pk })) {
    deletes.push({ delete: { pk, sk } });
    if (deletes.length < chunk) continue;
    yield deletes;
    deletes = [];
  }
  if (deletes.length > 0) yield deletes;
}
