/** Keys in batches of so many; those that are left out are passed over. */
export async function* inChunks(
  keys: AsyncIterable<string>,
  most: number,
  leftOut: ReadonlySet<string> = new Set(),
): AsyncIterable<string[]> {
  let batch: string[] = [];
  for await (const key of keys) {
    if (leftOut.has(key)) continue;
    batch.push(key);
    if (batch.length < most) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
