import type { PlainWrite, Table } from '../model/ports/table.ts';

/** Writes without conditions, until all of them stand. */
export type WriteBatch = (writes: readonly PlainWrite[]) => Promise<void>;

/**
 * Writes until all of them stand, what the table pushes back again and again: a batch has no condition, so the right to write
 * is looked at anew before each send. `mayWrite` is asked right before each: it throws where this writer may not write (any
 * more), or has waited long enough. `pushedBack` tells how much of the send before was taken, once there was one.
 */
export async function writeAll(
  table: Pick<Table, 'batchWrite'>,
  writes: readonly PlainWrite[],
  mayWrite: (pushedBack?: { readonly taken: number }) => Promise<void>,
): Promise<void> {
  let left = writes;
  let pushedBack: { readonly taken: number } | undefined;
  while (left.length > 0) {
    await mayWrite(pushedBack);
    const sent = left.length;
    left = await table.batchWrite(left);
    pushedBack = { taken: sent - left.length };
  }
}
