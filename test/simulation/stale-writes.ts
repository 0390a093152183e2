import type { PlainWrite, TransactWrite } from '#core/model/ports/table.ts';
import { keyOfWrite } from '#core/table/table-limits.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { SimulatedSystem } from './simulated-system.ts';

export type StaleWrites = {
  /** Fenced writes that came after another fence was up. */
  refused: number;
  /** Batches of records that did. */
  batches: number;
};

/**
 * Watches workers whose lease has passed to another: a write of theirs under a fence must not be applied. Batches of
 * records have no condition; they are counted.
 */
export function watchStaleWrites(system: SimulatedSystem): StaleWrites {
  const stale: StaleWrites = { refused: 0, batches: 0 };
  const fences = new Map<string, number>();
  let late: SimulatedProcess | undefined;
  system.watchers.push({
    onWrite(by, writes, conditional) {
      late = undefined;
      const isLate = writes.some((write) => isBehind(write, fences));
      if (!isLate) return;
      if (!conditional) {
        stale.batches += 1;
        return;
      }
      stale.refused += 1;
      late = by;
    },
    onCommit(changes, by) {
      if (late !== undefined && by === late) {
        system.complain(`${by.name} wrote under a fence that is no more: ${JSON.stringify(changes[0]?.key)}`);
      }
      late = undefined;
      for (const { key, after } of changes) {
        if (key.sk === 'lease' && typeof after?.fence === 'number') fences.set(key.pk, after.fence);
      }
    },
  });
  return stale;
}

function isBehind(write: TransactWrite | PlainWrite, fences: ReadonlyMap<string, number>): boolean {
  // A uid is 25 letters and digits, wherever it stands in a key.
  const uid = /[0-9a-z]{25}/.exec(keyOfWrite(write).pk)?.[0] ?? '';
  const fence = fences.get(uid) ?? 0;
  if ('condition' in write && write.condition?.type === 'fence') return write.condition.atMost < fence;
  const isRecord = 'put' in write && write.put.pk.startsWith('record#') && !('condition' in write);
  return isRecord && typeof write.put.seq === 'number' && write.put.seq < fence;
}
