import type { Item, PlainWrite, Table } from '../model/ports/table.ts';

/** Candidates outlive their run so long, for the decision about a hold, and for the next run where that comes later. */
const keepMs = 30 * 86_400_000;

/** Where the candidates of one pass over the bucket stand: that of a run, or of the run that it goes on from. */
export function candidatePartition(uid: string, pass: string): string {
  return `candidate#${uid}#${pass}`;
}

/** When candidates noted now may vanish, epoch seconds. `gapMs` is the time until the next run. */
export function candidateExpiry(now: number, gapMs: number): number {
  return Math.floor((now + gapMs + keepMs) / 1000);
}

/** Notes that a pass did not find this key. `ttl` in epoch seconds. */
export function candidateItem(uid: string, pass: string, key: string, ttl: number): Item {
  return { pk: candidatePartition(uid, pass), sk: key, v: 1, ttl };
}

/** The keys that a pass did not find, in key order. */
export async function* listCandidates(table: Table, uid: string, pass: string): AsyncIterable<string> {
  for await (const item of table.query({ pk: candidatePartition(uid, pass) })) yield item.sk;
}

/** Which of these keys that pass did not find either. */
export async function amongCandidates(
  table: Table,
  uid: string,
  pass: string,
  keys: readonly string[],
): Promise<Set<string>> {
  const pk = candidatePartition(uid, pass);
  const items = await table.batchGet(keys.map((sk) => ({ pk, sk })));
  return new Set(items.map((item) => item.sk));
}

/** Forgets the candidates after one key and up to another, or all of them. */
export async function dropCandidates(
  table: Table,
  uid: string,
  pass: string,
  within: { readonly after?: string; readonly through?: string } = {},
): Promise<void> {
  const pk = candidatePartition(uid, pass);
  let deletes: PlainWrite[] = [];
  const flush = async (): Promise<void> => {
    await table.batchWrite(deletes);
    deletes = [];
  };
  for await (const { sk } of table.query({ pk, ...within })) {
    deletes.push({ delete: { pk, sk } });
    if (deletes.length === 500) await flush();
  }
  await flush();
}
