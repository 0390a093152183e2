import type { AuditDeps } from '../audit/audit-write.ts';
import { Failure } from '../model/errors.ts';
import type { Table } from '../model/ports/table.ts';
import { type Alongside, firstVersion } from '../table/registry-number.ts';
import { type ApiKeyInput, type ApiKeyRow, endOf, mostKeys, nameOfActor } from './api-key.ts';
import { changeKeys, insertion } from './api-key-store.ts';
import { hashOfKey, makeKeyText } from './key-text.ts';

/** A key that was made just now. Its text is stored nowhere: this is the only time that it can be shown. */
export type CreatedApiKey = { readonly row: ApiKeyRow; readonly text: string };

export type ApiKeyDeps = AuditDeps & { readonly table: Table };

/**
 * Stores a new key, which counts from now on. Throws Failure `invalid_request` for an end that is over already and where
 * there are as many keys as there may be, `conflict` if a condition of `alongside` does not hold.
 */
export async function createApiKey(
  deps: ApiKeyDeps,
  input: ApiKeyInput,
  alongside?: Alongside,
): Promise<CreatedApiKey> {
  let text = '';
  const row = await changeKeys(
    deps,
    (all) => {
      if (all.length >= mostKeys) throw tooMany();
      const made = plannedKey(deps, input);
      text = made.text;
      return insertion(made.row);
    },
    alongside,
  );
  return { row, text };
}

/** A key that is not stored yet. */
export function plannedKey(deps: AuditDeps, input: ApiKeyInput): CreatedApiKey {
  const now = deps.clock.now();
  const created = new Date(now).toISOString();
  const { id, text } = makeKeyText(deps.ids);
  const expires = endOf(input, now);
  const row: ApiKeyRow = {
    v: 1,
    version: firstVersion({ created }),
    id,
    name: input.name,
    scope: input.scope,
    hash: hashOfKey(text).toString('hex'),
    created,
    created_by: nameOfActor(deps.actor),
    ...(expires === undefined ? {} : { expires }),
  };
  return { row, text };
}

function tooMany(): Failure {
  const counted = `${mostKeys.toLocaleString('en')} API keys, those that have expired among them`;
  return new Failure('invalid_request', `there are ${counted}, and no more may be; revoke one first`);
}
