import type { AuditDeps } from '../audit/audit-write.ts';
import { Failure } from '../model/errors.ts';
import type { Table } from '../model/ports/table.ts';
import { type Demand, demandTag } from '../model/row-tag.ts';
import type { Alongside } from '../table/registry-number.ts';
import {
  type ApiKeyRow,
  apiKeyTag,
  managesForGood,
  nameOfActor,
  type RevokedKeyRow,
  revokedKeptMs,
} from './api-key.ts';
import { changeKeys, type KeyChange, readRevoked, revocation } from './api-key-store.ts';
import { readLastUse } from './last-use.ts';

export type RevokeDeps = AuditDeps & {
  readonly table: Table;
  /** Whether a managing key gets in that is not stored: the deployment's own, or one of the settings. */
  readonly hasOwnManagingKey: boolean;
};

/**
 * Revokes a key: it is dead within a minute, and what is left of it can be read for 400 days. Revoking it again changes
 * nothing. Where only stored keys get in, one that manages without an end must stay, for those with one end by themselves.
 * Throws Failure `conflict` for the last of these, `not_found` where there is no such key, `precondition_failed`.
 */
export async function revokeApiKey(
  deps: RevokeDeps,
  id: string,
  { alongside, demand }: { readonly alongside?: Alongside; readonly demand?: Demand | undefined } = {},
): Promise<RevokedKeyRow> {
  const before = await readRevoked(deps.table, id);
  if (before !== undefined) {
    demandTag(demand, apiKeyTag(before), `API key ${id}`);
    return before;
  }
  try {
    return await changeKeys(deps, (all) => plan(deps, { all, id, demand }), alongside);
  } catch (error) {
    // Somebody else revoked it in the same moment.
    const revoked =
      error instanceof Failure && error.code === 'not_found' ? await readRevoked(deps.table, id) : undefined;
    if (revoked === undefined) throw error;
    return revoked;
  }
}

async function plan(
  deps: RevokeDeps,
  { all, id, demand }: { readonly all: readonly ApiKeyRow[]; readonly id: string; readonly demand: Demand | undefined },
): Promise<KeyChange<RevokedKeyRow>> {
  const row = all.find((each) => each.id === id);
  if (row === undefined) throw new Failure('not_found', `there is no API key ${id}`);
  demandTag(demand, apiKeyTag(row), `API key ${id}`);
  const others = all.filter((each) => each.id !== id);
  if (managesForGood(row) && !deps.hasOwnManagingKey && !others.some(managesForGood)) throw lastOne(row);
  const now = deps.clock.now();
  const { hash: _hash, ...kept } = row;
  const revoked: RevokedKeyRow = {
    ...kept,
    version: row.version + 1,
    revoked: new Date(now).toISOString(),
    revoked_by: nameOfActor(deps.actor),
    last_used: await readLastUse(deps.table, id),
    ttl: Math.ceil((now + revokedKeptMs) / 1000),
  };
  return revocation(row, revoked);
}

function lastOne({ id }: ApiKeyRow): Failure {
  const reason = `${id} is the last key that manages without an end: nobody could make keys any more`;
  return new Failure('conflict', `${reason}; create another one with scope manage and no expiry first`);
}
