import { type RecordRow, recordPartitionPrefix } from '#core/catalogue/record.ts';
import type { BusEvent } from '#core/model/ports/event-bus.ts';
import type { ItemChange } from '#core/model/ports/table.ts';
import type { RunWatch } from './run-watch.ts';
import type { SimulatedSystem } from './simulated-system.ts';

type Delivered = {
  readonly id: string;
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly last_modified: string;
  readonly storage_class: string;
};
type Told = Delivered & { readonly type: string; readonly seq: number };

export type EventWatch = {
  readonly figures: { changes: number; deliveries: number; again: number };
  /** What is wrong once everything was delivered. */
  conclude(goneUids: ReadonlySet<string>): string[];
};

/**
 * Watches as a receiver would: every change arrives at least once and under one id, no other change arrives, and
 * whoever keeps for each key what is newest by the words of the README ends with the catalogue, in whatever order it
 * arrives.
 */
export function watchEvents(system: SimulatedSystem, runs: RunWatch): EventWatch {
  const figures = { changes: 0, deliveries: 0, again: 0 };
  /** What was committed: by change, the record as it was last written. */
  const committed = new Map<string, { readonly uid: string; readonly record: RecordRow }>();
  const ids = new Map<string, string>();
  const changeOfId = new Map<string, string>();
  const newest = new Map<string, Told>();
  const tombstones = new Map<string, RecordRow>();
  const runEvents = new Set<string>();
  const complain = (text: string): void => system.complain(text);

  const see = (change: ItemChange): void => {
    if (!change.key.pk.startsWith(recordPartitionPrefix) || change.after === undefined) return;
    const record = change.after as unknown as RecordRow;
    if (record.gone !== undefined) tombstones.set(`${uidOf(change.key.pk)} ${change.key.sk}`, record);
    const type = typeOf(record);
    if (type === undefined || record.quiet === true) return;
    const uid = uidOf(change.key.pk);
    const name = nameOf(record.run, type, { ...record, key: record.sk });
    if (!committed.has(name)) figures.changes += 1;
    committed.set(name, { uid, record });
  };
  const take = (event: BusEvent): void => {
    const { run, seq, objects } = event.detail as { run?: string; seq?: number; objects?: Delivered[] };
    if (objects === undefined) return void runEvents.add(event.id);
    const uid = runs.runs.get(run ?? '')?.uid ?? '';
    for (const object of objects) takeObject(uid, { run: run ?? '', seq: seq ?? 0, type: event.type }, object);
  };
  const takeObject = (uid: string, of: { run: string; seq: number; type: string }, object: Delivered): void => {
    figures.deliveries += 1;
    const name = nameOf(of.run, of.type, object);
    if (!committed.has(name)) complain(`an event tells of ${name}, which never was`);
    const known = ids.get(name);
    if (known !== undefined) figures.again += 1;
    if (known !== undefined && known !== object.id)
      complain(`${name} was told under two ids, ${known} and ${object.id}`);
    ids.set(name, object.id);
    const other = changeOfId.get(object.id);
    if (other !== undefined && other !== name) complain(`the id ${object.id} tells of ${other} and of ${name}`);
    changeOfId.set(object.id, name);
    const place = `${uid} ${object.key}`;
    const told: Told = { ...object, type: of.type, seq: of.seq };
    const before = newest.get(place);
    if (before === undefined || !isNewer(before, told)) newest.set(place, told);
  };

  system.watchers.push({
    onCommit: (changes) => changes.forEach(see),
    onEvents: (events) => events.forEach(take),
  });
  return {
    figures,
    conclude(goneUids) {
      const problems: string[] = [];
      for (const name of committed.keys()) if (!ids.has(name)) problems.push(`nobody was told of ${name}`);
      const live = new Set<string>();
      for (const item of system.table.all()) {
        if (!item.pk.startsWith(recordPartitionPrefix)) continue;
        const record = item as unknown as RecordRow;
        if (record.gone !== undefined) continue;
        live.add(`${uidOf(item.pk)} ${item.sk}`);
        if (record.quiet === true) continue;
        const told = newest.get(`${uidOf(item.pk)} ${item.sk}`);
        if (told?.etag !== record.etag || told.type === 'Objects Deleted') {
          problems.push(`a receiver has ${told?.type} ${told?.etag} of ${item.sk}; its record has ${record.etag}`);
        }
      }
      for (const [place, told] of newest) {
        if (told.type === 'Objects Deleted' || live.has(place) || goneUids.has(place.split(' ')[0] ?? '')) continue;
        const last = tombstones.get(place);
        // What left the scope, and what was never announced, is taken away without a word.
        if (last === undefined || (last.gone?.reason === 'deleted' && last.quiet !== true)) {
          problems.push(`a receiver still has ${place}, which is gone`);
        }
      }
      problems.push(...runEventProblems(runs, runEvents, goneUids));
      return problems;
    },
  };
}

function runEventProblems(runs: RunWatch, told: ReadonlySet<string>, goneUids: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  for (const { row, endedAt, uid } of runs.runs.values()) {
    const silent = row.dry_run || row.status === 'canceled' || endedAt === undefined || goneUids.has(uid);
    if (!silent && !told.has(`${row.id}-${row.status}`)) problems.push(`nobody was told that ${row.id} ${row.status}`);
  }
  return problems;
}

function typeOf(record: RecordRow): string | undefined {
  if (record.gone === undefined) return record.fresh ? 'Objects Added' : 'Objects Modified';
  return record.gone.reason === 'out_of_scope' ? undefined : 'Objects Deleted';
}

/** A page that is repeated may find an object in another state: that is another change, of the same run. */
function nameOf(run: string, type: string, { key, size, etag, last_modified, storage_class }: State): string {
  return `${type} ${key} (${size}, ${etag}, ${last_modified}, ${storage_class}) by ${run}`;
}

type State = Omit<Delivered, 'id'>;

/** By `seq`; of one `seq` a deletion is the last, and before it what was modified last. */
function isNewer(one: Told, other: Told): boolean {
  if (one.seq !== other.seq) return one.seq > other.seq;
  const [gone, goneToo] = [one, other].map(({ type }) => type === 'Objects Deleted');
  if (gone !== goneToo) return gone === true;
  return one.last_modified > other.last_modified;
}

function uidOf(pk: string): string {
  return pk.slice(recordPartitionPrefix.length).split('#')[0] ?? '';
}
