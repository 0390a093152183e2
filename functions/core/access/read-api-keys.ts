import type { Clock } from '../model/ports/host.ts';
import type { Table } from '../model/ports/table.ts';
import { type ApiKeyRow, apiKeyTag, isValid, type RevokedKeyRow } from './api-key.ts';
import { listKeys, listRevoked, readKey, readRevoked } from './api-key-store.ts';
import { readLastUse, readLastUses } from './last-use.ts';

type ReadDeps = { readonly table: Table; readonly clock: Clock };

/** All keys that were not revoked, oldest first, as the API shows them. */
export async function readApiKeys({ table, clock }: ReadDeps): Promise<Record<string, unknown>[]> {
  const rows = await listKeys(table);
  const uses = await readLastUses(table);
  return rows.map((row) => apiKeyView(row, clock.now(), uses.get(row.id)));
}

/** Those that were revoked within 400 days, by id, as the API shows them; at most `limit`. */
export async function readRevokedKeys(
  { table }: ReadDeps,
  range: { readonly after?: string | undefined; readonly limit: number },
): Promise<Record<string, unknown>[]> {
  return (await listRevoked(table, range)).map(revokedKeyView);
}

/** A key as the API shows it, with its tag. */
type ShownKey = { readonly state: Record<string, unknown>; readonly tag: string };

/** One key, whether or not it was revoked; undefined if there was none within 400 days. */
export async function readApiKey({ table, clock }: ReadDeps, id: string): Promise<ShownKey | undefined> {
  const row = await readKey(table, id);
  if (row !== undefined) {
    return { state: apiKeyView(row, clock.now(), await readLastUse(table, id)), tag: apiKeyTag(row) };
  }
  const revoked = await readRevoked(table, id);
  return revoked && { state: revokedKeyView(revoked), tag: apiKeyTag(revoked) };
}

/** What the API shows of a key: neither its text nor its hash. `now` in epoch milliseconds. */
export function apiKeyView(row: ApiKeyRow, now: number, lastUsed?: string): Record<string, unknown> {
  return {
    id: row.id,
    name: row.name,
    scope: row.scope,
    status: isValid(row, now) ? 'active' : 'expired',
    created: row.created,
    created_by: row.created_by,
    expires_at: row.expires ?? null,
    last_used: lastUsed ?? null,
  };
}

function revokedKeyView(row: RevokedKeyRow): Record<string, unknown> {
  return {
    id: row.id,
    name: row.name,
    scope: row.scope,
    status: 'revoked',
    created: row.created,
    created_by: row.created_by,
    expires_at: row.expires ?? null,
    last_used: row.last_used ?? null,
    revoked_at: row.revoked,
    revoked_by: row.revoked_by,
  };
}
