import { type RecordRow, recordPartitionPrefix, recordRow } from '../catalogue/record.ts';
import { readLease } from '../lease/lease.ts';
import type { BusEvent } from '../model/ports/event-bus.ts';
import type { Log } from '../model/ports/host.ts';
import type { ItemChange, Table } from '../model/ports/table.ts';
import { shortHash } from '../model/short-hash.ts';

type Kind = 'Objects Added' | 'Objects Modified' | 'Objects Deleted';

/** The events that changed records make: one per datasource, run, fence and kind, in which each change has a stable id. */
export async function recordEvents(
  { table, log }: { readonly table: Table; readonly log: Log },
  changes: readonly ItemChange[],
): Promise<BusEvent[]> {
  const groups = new Map<string, { uid: string; kind: Kind; records: RecordRow[] }>();
  for (const change of changes) {
    const record = publishedRecord(change, log);
    const kind = record && kindOf(record);
    if (record === undefined || kind === undefined) continue;
    const uid = record.pk.slice(recordPartitionPrefix.length).split('#')[0] ?? '';
    const name = JSON.stringify([uid, record.run, record.seq, kind]);
    const group = groups.get(name) ?? { uid, kind, records: [] };
    group.records.push(record);
    groups.set(name, group);
  }
  return Promise.all([...groups.values()].map((group) => eventOf(table, group)));
}

/** Only new images speak: purges, moves and expiry remove items or write them quietly. */
function publishedRecord(change: ItemChange, log: Log): RecordRow | undefined {
  if (!change.key.pk.startsWith(recordPartitionPrefix) || change.after === undefined) return undefined;
  const parsed = recordRow.safeParse(change.after);
  if (!parsed.success) {
    // Trying again would not make it readable, and would keep the changes after it waiting.
    log.error('record not readable', { pk: change.key.pk, reason: parsed.error.issues[0]?.message });
    return undefined;
  }
  return parsed.data.quiet ? undefined : parsed.data;
}

/** A record that left the scope was not deleted, and nobody is told that it was. */
function kindOf(record: RecordRow): Kind | undefined {
  if (record.gone === undefined) return record.fresh ? 'Objects Added' : 'Objects Modified';
  return record.gone.reason === 'out_of_scope' ? undefined : 'Objects Deleted';
}

async function eventOf(
  table: Table,
  { uid, kind, records }: { uid: string; kind: Kind; records: RecordRow[] },
): Promise<BusEvent> {
  const [first] = records;
  const objects = records.map(({ sk: key, run, size, etag, last_modified, storage_class }) => {
    const state = { size, etag, last_modified, storage_class };
    return { id: shortHash([uid, key, run, kind, ...Object.values(state)]), key, ...state };
  });
  const { datasource } = await readLease(table, uid);
  return {
    id: shortHash(objects.map((object) => object.id)),
    type: kind,
    time: first?.at ?? '',
    detail: { datasource, run: first?.run, seq: first?.seq, objects },
  };
}
