import type { Clock } from '../model/ports/host.ts';
import type { Query, Table } from '../model/ports/table.ts';
import {
  type AuditEntry,
  type AuditKind,
  auditEntry,
  auditPartition,
  entryMadeAt,
  entryTime,
  keepEntriesMs,
} from './audit-entry.ts';

/** What of the audit is asked for; all of it where nothing is said. */
export type AuditSearch = {
  readonly size: number;
  /** The id of the last entry that was read: only what is older. */
  readonly after?: string | undefined;
  readonly kind?: AuditKind | undefined;
  /** The id of what was changed. */
  readonly of?: string | undefined;
  /** The name of a key, or `anyone`, `console`, `stocktake`. */
  readonly actor?: string | undefined;
  /** Epoch milliseconds, inclusive. */
  readonly from?: number | undefined;
  /** Epoch milliseconds, exclusive. */
  readonly to?: number | undefined;
};

export type AuditPage = {
  readonly entries: readonly AuditEntry[];
  /** Where the search goes on; absent when it is through. */
  readonly next?: string;
};

/** So many entries one page looks at, for the sake of those that a filter lets through: some 5 MB, read in a second. */
const mostRead = 5000;

const dayMs = 86_400_000;

/**
 * Entries, the newest first. A page holds fewer than asked for, even none, where the filter let few of the first 5,000
 * through: it is through only when there is no `next`. Those past their time are left out whether or not the store has
 * removed them.
 */
export async function readAudit(
  { table, clock }: { readonly table: Table; readonly clock: Clock },
  search: AuditSearch,
): Promise<AuditPage> {
  const now = clock.now();
  const kept: AuditEntry[] = [];
  let read = 0;
  let last: AuditEntry | undefined;
  for await (const entry of newestFirst(table, spanOf(search, now))) {
    const isFull = kept.length === search.size || read === mostRead;
    // One more than is wanted tells that there are more.
    if (isFull && last !== undefined) return { entries: kept, next: last.sk };
    read += 1;
    last = entry;
    if (fits(entry, search)) kept.push(entry);
  }
  return { entries: kept };
}

type Span = { readonly from: number; readonly before: string; readonly last: number };

/** A clock that was ahead may have written what seems to be of tomorrow. */
function spanOf({ after, from = 0, to }: AuditSearch, now: number): Span {
  const oldest = Math.max(from, now - keepEntriesMs);
  const end = to ?? now + dayMs;
  const through = after === undefined ? end : Math.min(end, entryMadeAt(after));
  const bound = entryTime(Math.max(0, end));
  return { from: oldest, before: after !== undefined && after < bound ? after : bound, last: through };
}

async function* newestFirst(table: Table, span: Span): AsyncIterable<AuditEntry> {
  const bounds: Omit<Query, 'pk'> = { from: entryTime(Math.max(0, span.from)), before: span.before };
  if (span.last < span.from) return;
  for (let month = monthOf(span.last); month >= monthOf(span.from); month -= 1) {
    const pk = auditPartition(Date.UTC(Math.floor(month / 12), month % 12));
    for await (const item of table.query({ pk, ...bounds, direction: 'descending' })) yield auditEntry.parse(item);
  }
}

/** Months since the year 0. */
function monthOf(at: number): number {
  const day = new Date(at);
  return day.getUTCFullYear() * 12 + day.getUTCMonth();
}

function fits(entry: AuditEntry, { kind, of, actor }: AuditSearch): boolean {
  if (kind !== undefined && entry.kind !== kind) return false;
  if (of !== undefined && entry.of !== of) return false;
  return actor === undefined || (entry.actor.id ?? entry.actor.kind) === actor;
}
