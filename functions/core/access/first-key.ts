import { byStocktake } from '../audit/audit-write.ts';
import { managesForGood } from './api-key.ts';
import { changeKeys, insertion, listKeys } from './api-key-store.ts';
import { type ApiKeyDeps, type CreatedApiKey, plannedKey } from './create-api-key.ts';

/**
 * Makes the key that all others are made with, where none is stored that manages without an end; undefined where one is.
 * `keep` puts its text where whoever runs the server finds it, before the key counts: a crash between the two leaves a
 * text that opens nothing, and the next start makes another. Throws what `keep` throws.
 */
export async function makeFirstKey(
  given: Omit<ApiKeyDeps, 'actor'>,
  keep: (text: string) => Promise<void>,
): Promise<CreatedApiKey | undefined> {
  const deps = { ...given, ...byStocktake };
  if ((await listKeys(deps.table)).some(managesForGood)) return undefined;
  const made = plannedKey(deps, { name: 'first key', scope: 'manage' });
  await keep(made.text);
  await changeKeys(deps, () => insertion(made.row));
  return made;
}
