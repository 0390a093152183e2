import * as z from 'zod';
import { type AuditDeps, auditWrite, type Deed } from '../audit/audit-write.ts';
import { ConditionFailed, Failure } from '../model/errors.ts';
import type { Item, Table, TransactWrite } from '../model/ports/table.ts';
import type { Alongside } from '../table/registry-number.ts';
import { fromItem, toItem } from '../table/stored-item.ts';
import { type ApiKeyRow, apiKeyRow, type RevokedKeyRow, revokedKeyRow } from './api-key.ts';
import { lastUsePlace } from './last-use.ts';

const standing = 'access#key';
const gone = 'access#revoked';
const guard = { pk: 'access#guard', sk: 'keys' };

/** Of changes at once one wins each time and the others look again: so many at once are served. */
const attempts = 100;

const guardItem = z.object({ version: z.number().int() });

export async function readKey(table: Table, id: string): Promise<ApiKeyRow | undefined> {
  const item = await table.get({ pk: standing, sk: id });
  return item && fromItem(apiKeyRow, item);
}

export async function readRevoked(table: Table, id: string): Promise<RevokedKeyRow | undefined> {
  const item = await table.get({ pk: gone, sk: id });
  return item && fromItem(revokedKeyRow, item);
}

/** All keys that were not revoked, those that have expired among them, oldest first. */
export async function listKeys(table: Table): Promise<ApiKeyRow[]> {
  const rows: ApiKeyRow[] = [];
  for await (const item of table.query({ pk: standing })) rows.push(fromItem(apiKeyRow, item));
  return rows.sort((one, other) => Date.parse(one.created) - Date.parse(other.created));
}

/** What is left of the keys that were revoked, by id, at most `limit`. */
export async function listRevoked(
  table: Table,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<RevokedKeyRow[]> {
  const rows: RevokedKeyRow[] = [];
  const from = after === undefined ? {} : { after };
  for await (const item of table.query({ pk: gone, ...from, limit })) rows.push(fromItem(revokedKeyRow, item));
  return rows;
}

/** What a change of the keys comes to, once it is known which there are. */
export type KeyChange<Row> = {
  readonly row: Row;
  readonly item: Item;
  readonly writes: readonly TransactWrite[];
  /** What the audit tells of it. */
  readonly deed: Deed;
};

/** A new key as it is stored. */
export function insertion(row: ApiKeyRow): KeyChange<ApiKeyRow> {
  const item = toItem({ pk: standing, sk: row.id }, row);
  const { id, version } = row;
  const deed = { action: 'created', kind: 'key', id, version, after: told(row) } as const;
  return { row, item, writes: [{ put: item, condition: { type: 'absent' } }], deed };
}

/** A key in its last form: dead at once where nobody remembers it, and to be told of. */
export function revocation(before: ApiKeyRow, row: RevokedKeyRow): KeyChange<RevokedKeyRow> {
  const item = toItem({ pk: gone, sk: row.id }, row);
  const writes: TransactWrite[] = [
    { delete: { pk: standing, sk: row.id }, condition: { type: 'version', equals: before.version } },
    { put: item },
    { delete: lastUsePlace(row.id) },
  ];
  const { id, version } = row;
  return { row, item, writes, deed: { action: 'revoked', kind: 'key', id, version, before: told(before) } };
}

/** What a client may set on a key. */
function told({ name, scope, expires }: ApiKeyRow): Deed['before'] {
  return { name, scope, expires_at: expires ?? null };
}

/**
 * Changes the keys in one transaction with what `alongside` makes of the row. `plan` decides by all keys there are; what
 * it decided by still holds when it is stored, for each change demands that no other came between. Of two that would
 * each take away the last but one, the second so sees what the first did. Throws what `plan` throws, and Failure
 * `conflict` if a condition of `alongside` does not hold or others kept coming first.
 */
export async function changeKeys<Row>(
  deps: AuditDeps & { readonly table: Table },
  plan: (all: readonly ApiKeyRow[]) => KeyChange<Row> | Promise<KeyChange<Row>>,
  alongside: Alongside = () => [],
): Promise<Row> {
  const { table } = deps;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const stored = await table.get(guard);
    const version = stored === undefined ? 0 : guardItem.parse(stored).version;
    const { row, item, writes, deed } = await plan(await listKeys(table));
    const condition = stored ? ({ type: 'version', equals: version } as const) : ({ type: 'absent' } as const);
    const own = [...writes, { put: { ...guard, v: 1, version: version + 1 }, condition }];
    try {
      await table.transact([...own, ...alongside(item), auditWrite(deps, deed)]);
      return row;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      if (error.index < own.length) continue;
      const reason = 'what this refers to was changed or deleted just now; try again';
      throw new Failure('conflict', reason, { cause: error });
    }
  }
  throw new Failure('conflict', 'too many API keys are being changed at once; try again');
}
