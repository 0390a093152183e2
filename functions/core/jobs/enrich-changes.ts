import { recordPartitionPrefix } from '../catalogue/record.ts';
import { readLease } from '../lease/lease.ts';
import type { ItemChange, Table } from '../model/ports/table.ts';
import type { WorkQueue } from '../model/ports/work-queue.ts';
import { readDatasource } from '../registry/datasource-store.ts';
import { type EnrichMessage, objectsPerMessage } from './job-message.ts';

/**
 * Asks for the enrichment of records that the feed tells of as added or modified, where their datasource has a
 * pipeline. Throws if the queue did not take all of it; the same changes may be given again.
 */
export async function enrichChanges(
  deps: { readonly table: Table; readonly jobs: WorkQueue },
  changes: readonly ItemChange[],
): Promise<void> {
  const keysOf = new Map<string, Set<string>>();
  for (const { key, after } of changes) {
    if (!key.pk.startsWith(recordPartitionPrefix)) continue;
    if (after === undefined || after.gone !== undefined || after.quiet === true) continue;
    const uid = key.pk.slice(recordPartitionPrefix.length).split('#')[0] ?? '';
    keysOf.set(uid, (keysOf.get(uid) ?? new Set()).add(key.sk));
  }
  for (const [uid, keys] of keysOf) await ask(deps, uid, [...keys]);
}

async function ask(
  deps: { readonly table: Table; readonly jobs: WorkQueue },
  uid: string,
  keys: readonly string[],
): Promise<void> {
  const { datasource } = await readLease(deps.table, uid);
  const row = datasource === undefined ? undefined : await readDatasource(deps.table, datasource);
  if (row?.enrichment_pipeline === undefined || row.uid !== uid) return;
  for (let start = 0; start < keys.length; start += objectsPerMessage) {
    const packed = keys.slice(start, start + objectsPerMessage);
    const message: EnrichMessage = { type: 'enrich', datasource: row.id, uid, keys: packed, tries: 0 };
    await deps.jobs.send(message);
  }
}
