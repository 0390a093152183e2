import type { Item, PlainWrite, Table } from '../ports.ts';

/** Candidates outlive their run so long, for the decision about a hold. */
const keepSeconds = 30 * 86_400;

/** Where the candidates of one run stand. */
export function candidatePartition(uid: string, run: string): string {
  return `candidate#${uid}#${run}`;
}

/** Notes that a run did not find this key. `now` in epoch milliseconds. */
export function candidateItem(uid: string, run: string, key: string, now: number): Item {
  return { pk: candidatePartition(uid, run), sk: key, v: 1, ttl: Math.floor(now / 1000) + keepSeconds };
}

/** The keys that a run did not find, in key order. */
export async function* listCandidates(table: Table, uid: string, run: string): AsyncIterable<string> {
  for await (const item of table.query({ pk: candidatePartition(uid, run) })) yield item.sk;
}

/** Which of these keys that run did not find either. */
export async function amongCandidates(
  table: Table,
  uid: string,
  run: string,
  keys: readonly string[],
): Promise<Set<string>> {
  const pk = candidatePartition(uid, run);
  const items = await table.batchGet(keys.map((sk) => ({ pk, sk })));
  return new Set(items.map((item) => item.sk));
}

/** Forgets the candidates beyond a key, or all of them. */
export async function dropCandidatesAfter(
  table: Table,
  uid: string,
  run: string,
  after: string | undefined,
): Promise<void> {
  const pk = candidatePartition(uid, run);
  let deletes: PlainWrite[] = [];
  const flush = async (): Promise<void> => {
    await table.batchWrite(deletes);
    deletes = [];
  };
  for await (const { sk } of table.query({ pk, after })) {
    deletes.push({ delete: { pk, sk } });
    if (deletes.length === 500) await flush();
  }
  await flush();
}
