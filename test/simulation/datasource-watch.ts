import type { DatasourceRow } from '#core/registry/datasource.ts';
import { datasourcePartition } from '#core/registry/datasource-store.ts';
import type { ModelScope } from './reference-model.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { SimulatedSystem } from './simulated-system.ts';

/** What a uid stood for, and when. */
export type WatchedUid = {
  readonly uid: string;
  readonly datasource: string;
  readonly bucket: string;
  /** Its scopes, each from when it holds. */
  readonly scopes: { readonly from: number; readonly scope: ModelScope }[];
  /** When it was given up: its datasource was deleted, or went on under another one. */
  goneAt?: number;
};

export type DatasourceWatch = {
  readonly rows: ReadonlyMap<string, DatasourceRow>;
  readonly uids: ReadonlyMap<string, WatchedUid>;
  /** Whether some scope that held between two moments covers a key. */
  covered(uid: WatchedUid, matches: (scope: ModelScope) => boolean, from: number, to: number): boolean[];
  onChange(
    listener: (
      before: DatasourceRow | undefined,
      after: DatasourceRow | undefined,
      by: SimulatedProcess | undefined,
    ) => void,
  ): void;
};

/** Keeps what every datasource was at any time, from its stored rows. */
export function watchDatasources(system: SimulatedSystem): DatasourceWatch {
  const rows = new Map<string, DatasourceRow>();
  const uids = new Map<string, WatchedUid>();
  const listeners: Parameters<DatasourceWatch['onChange']>[0][] = [];

  const noteScope = (row: DatasourceRow): void => {
    const known = uids.get(row.uid) ?? {
      uid: row.uid,
      datasource: row.id,
      bucket: row.connector.config.bucket ?? '',
      scopes: [],
    };
    uids.set(row.uid, known);
    known.scopes.push({ from: system.now(), scope: scopeOf(row) });
  };
  system.watchers.push({
    onCommit(changes, by) {
      for (const change of changes) {
        if (change.key.pk !== datasourcePartition) continue;
        const before = change.before as unknown as DatasourceRow | undefined;
        const after = change.after as unknown as DatasourceRow | undefined;
        if (after === undefined) rows.delete(change.key.sk);
        else rows.set(change.key.sk, after);
        if (after !== undefined) noteScope(after);
        const old = before && uids.get(before.uid);
        if (old !== undefined && old.uid !== after?.uid) old.goneAt = system.now();
        for (const listener of listeners) listener(before, after, by);
      }
    },
  });
  return {
    rows,
    uids,
    covered: ({ scopes }, matches, from, to) =>
      scopes
        .filter((each, index) => each.from <= to && (scopes[index + 1]?.from ?? Number.POSITIVE_INFINITY) >= from)
        .map(({ scope }) => matches(scope)),
    onChange: (listener) => void listeners.push(listener),
  };
}

export function scopeOf(row: DatasourceRow): ModelScope {
  const { prefix, extensions } = row.connector.config;
  return { prefix, extensions };
}
