import type { Item, PlainWrite, Table } from '../model/ports/table.ts';
import type { WriteBatch } from '../table/write-all.ts';

/** Candidates outlive their run so long, for the decision about a hold, and for the next run where that comes later. */
const keepMs = 30 * 86_400_000;

/** Where the candidates of one pass over the bucket stand: that of a run, or of the run that it goes on from. */
export function candidatePartition(uid: string, pass: string): string {
  return `candidate#${uid}#${pass}`;
}

/** Where the records stand that a pass would take out of the scope, once it has seen that the scope is not empty. */
export function leavingPartition(uid: string, pass: string): string {
  return `leaving#${uid}#${pass}`;
}

/** When candidates noted now may vanish, epoch seconds. `gapMs` is the time until the next run. */
export function candidateExpiry(now: number, gapMs: number): number {
  return Math.floor((now + gapMs + keepMs) / 1000);
}

/** Notes that a pass did not find this key. `ttl` in epoch seconds. */
export function candidateItem(uid: string, pass: string, key: string, ttl: number): Item {
  return { pk: candidatePartition(uid, pass), sk: key, v: 1, ttl };
}

/** Notes that the record at this key is in a scope that the pass may leave. `ttl` in epoch seconds. */
export function leavingItem(uid: string, pass: string, key: string, ttl: number): Item {
  return { pk: leavingPartition(uid, pass), sk: key, v: 1, ttl };
}

/** The keys that a pass did not find, in key order. */
export function listCandidates(table: Table, uid: string, pass: string): AsyncIterable<string> {
  return keysIn(table, candidatePartition(uid, pass));
}

/** The keys of the records that a pass may take out of the scope, in key order. */
export function listLeaving(table: Table, uid: string, pass: string): AsyncIterable<string> {
  return keysIn(table, leavingPartition(uid, pass));
}

/** Which of these keys that pass did not find either. */
export function amongCandidates(
  table: Table,
  uid: string,
  pass: string,
  keys: readonly string[],
): Promise<Set<string>> {
  return amongKeys(table, candidatePartition(uid, pass), keys);
}

/** Which of these keys that pass would have taken out of the scope too. */
export function amongLeaving(table: Table, uid: string, pass: string, keys: readonly string[]): Promise<Set<string>> {
  return amongKeys(table, leavingPartition(uid, pass), keys);
}

async function* keysIn(table: Table, pk: string): AsyncIterable<string> {
  for await (const item of table.query({ pk })) yield item.sk;
}

async function amongKeys(table: Table, pk: string, keys: readonly string[]): Promise<Set<string>> {
  const items = await table.batchGet(keys.map((sk) => ({ pk, sk })));
  return new Set(items.map((item) => item.sk));
}

/** Forgets what a pass noted of the keys after one and up to another, or all of it, as far as `write` takes it. */
export async function dropCandidates(
  { table, write }: { readonly table: Table; readonly write: WriteBatch },
  uid: string,
  pass: string,
  within: { readonly after?: string; readonly through?: string } = {},
): Promise<void> {
  let deletes: PlainWrite[] = [];
  const flush = async (): Promise<void> => {
    await write(deletes);
    deletes = [];
  };
  for (const pk of [candidatePartition(uid, pass), leavingPartition(uid, pass)]) {
    for await (const { sk } of table.query({ pk, ...within })) {
      deletes.push({ delete: { pk, sk } });
      if (deletes.length === 500) await flush();
    }
  }
  await flush();
}
