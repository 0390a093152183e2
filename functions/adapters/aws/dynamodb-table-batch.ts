import { BatchGetItemCommand, BatchWriteItemCommand, type WriteRequest } from '@aws-sdk/client-dynamodb';
import { PushedBack } from '#core/model/errors.ts';
import type { Item, Key, PlainWrite } from '#core/model/ports/table.ts';
import { checkItem, checkKey, keyIdentity, keyOfWrite } from '#core/table/table-limits.ts';
import { bounded } from './bounded.ts';
import type { TableTarget } from './dynamodb-table-target.ts';
import { type Attributes, toAttributes, toItem, toKeyAttributes } from './dynamodb-table-values.ts';
import { backOffUntil, isPushedBack, persist, triesUntil } from './patience.ts';

/** The limits of BatchWriteItem and BatchGetItem. */
const WRITES_A_REQUEST = 25;
const KEYS_A_REQUEST = 100;
/** Requests of one call under way at once: enough to hide the round trip, few enough to leave connections to others. */
const IN_FLIGHT = 4;

/** A write, by the name of its place, with what is sent for it. */
type Sent = { readonly place: string; readonly write: PlainWrite; readonly request: WriteRequest };

/** Writes them, the last one where a key comes twice (DynamoDB refuses such a batch); returns those that were not taken. */
export async function batchWrite(target: TableTarget, writes: readonly PlainWrite[]): Promise<PlainWrite[]> {
  const until = triesUntil(target.patience);
  const all = new Map<string, Sent>();
  for (const write of writes) {
    const place = keyIdentity(keyOfWrite(write));
    all.set(place, { place, write, request: toRequest(write) });
  }
  const left: PlainWrite[] = [];
  await eachChunk([...all.values()], WRITES_A_REQUEST, async (chunk) => {
    for (const { write } of await writeChunk(target, chunk, until)) left.push(write);
  });
  return left;
}

function toRequest(write: PlainWrite): WriteRequest {
  if ('put' in write) {
    checkItem(write.put);
    return { PutRequest: { Item: toAttributes(write.put) } };
  }
  checkKey(write.delete);
  return { DeleteRequest: { Key: toKeyAttributes(write.delete) } };
}

/** Sends one request's worth, what is left of it again, and begins no request at `until` or later. Returns what is left. */
async function writeChunk(target: TableTarget, chunk: readonly Sent[], until: number): Promise<readonly Sent[]> {
  let pending = chunk;
  for (let fruitless = 0; ; ) {
    const flight = await target.flights.enter(until);
    if (flight === undefined) return pending;
    // The process may have stood still since.
    if (target.patience.now() >= until) {
      flight.land('unused');
      return pending;
    }
    const { left, pushedBack } = await send(target, pending).catch((error: unknown) => {
      flight.land('pushed back');
      throw error;
    });
    flight.land(pushedBack ? 'pushed back' : 'taken');
    fruitless = left.length < pending.length ? 0 : fruitless + 1;
    pending = left;
    if (pending.length === 0 || !(await backOffUntil(target.patience, fruitless + 1, until))) return pending;
  }
}

type Outcome = { readonly left: readonly Sent[]; readonly pushedBack: boolean };

async function send({ client, tableName }: TableTarget, pending: readonly Sent[]): Promise<Outcome> {
  const input = { RequestItems: { [tableName]: pending.map(({ request }) => request) } };
  try {
    const answer = await bounded((options) => client.send(new BatchWriteItemCommand(input), options));
    const left = leftOf(pending, answer.UnprocessedItems?.[tableName] ?? []);
    // What the SDK had to send again by itself was pushed back as well.
    return { left, pushedBack: left.length > 0 || (answer.$metadata?.attempts ?? 1) > 1 };
  } catch (error) {
    if (!isPushedBack(error)) throw error;
    return { left: pending, pushedBack: true };
  }
}

/** Which of them an answer names as not processed; all of them where it names what was not sent. */
function leftOf(pending: readonly Sent[], unprocessed: readonly WriteRequest[]): readonly Sent[] {
  const named = new Set(unprocessed.map(placeOf));
  const left = pending.filter(({ place }) => named.has(place));
  return left.length === named.size ? left : pending;
}

function placeOf({ PutRequest, DeleteRequest }: WriteRequest): string {
  const key = PutRequest?.Item ?? DeleteRequest?.Key;
  return keyIdentity({ pk: key?.pk?.S ?? '', sk: key?.sk?.S ?? '' });
}

/** Reads all of them, strongly consistent, each key once; missing ones are left out. Throws PushedBack where some are not
 *  answered for ten seconds. */
export async function batchGet(target: TableTarget, keys: readonly Key[]): Promise<Item[]> {
  const distinct = new Map<string, Attributes>();
  for (const key of keys) {
    checkKey(key);
    distinct.set(keyIdentity(key), toKeyAttributes(key));
  }
  const items: Item[] = [];
  await eachChunk([...distinct.values()], KEYS_A_REQUEST, async (chunk) => {
    const until = triesUntil(target.patience);
    for (let pending = chunk, tries = 0; pending.length > 0; tries += 1) {
      if (tries > 0 && !(await backOffUntil(target.patience, tries, until))) throw new PushedBack('UnprocessedKeys');
      const input = { RequestItems: { [target.tableName]: { Keys: pending, ConsistentRead: true } } };
      const answer = await persist(target.patience, () =>
        bounded((options) => target.client.send(new BatchGetItemCommand(input), options)),
      );
      items.push(...(answer.Responses?.[target.tableName] ?? []).map(toItem));
      pending = answer.UnprocessedKeys?.[target.tableName]?.Keys ?? [];
    }
  });
  return items;
}

/** Works through the chunks, a few at once. After a failure no further one starts; it is thrown when all have ended. */
async function eachChunk<T>(all: readonly T[], size: number, work: (chunk: T[]) => Promise<void>): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    while (next < all.length && failures.length === 0) {
      const start = next;
      next += size;
      await work(all.slice(start, start + size)).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  if (failures.length > 0) throw failures[0];
}
