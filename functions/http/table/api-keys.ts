import type { Scope } from '#core/access/api-key.ts';
import { hashOfKey, idInKeyText, isSameHash, nameOfKey } from '#core/access/key-text.ts';
import type { StoredKeys } from '#core/access/stored-keys.ts';

/** A key that gets in. `id` names it without telling it. */
export type KnownKey = {
  readonly id: string;
  readonly scope: Scope;
  /** It was given its scope when that allowed more: for one release it may do what it could, with a warning. */
  readonly ofBefore?: true;
};

/** Who may call. */
export interface ApiKeys {
  /** False where nobody needs a key: on one machine, reachable over loopback only. Then everybody may do all. */
  readonly configured: boolean;
  /** Whether a managing key gets in whatever is stored: one of the settings, or the deployment's own. */
  readonly hasOwnManagingKey: boolean;
  /** The key with this text; undefined if there is none. Throws Failure `keys_unavailable` where it cannot be told. */
  find(text: string): Promise<KnownKey | undefined>;
}

/** For a server that only its own machine can reach. */
export const noKeysNeeded: ApiKeys = { configured: false, hasOwnManagingKey: false, find: async () => undefined };

export type StaticKey = { readonly key: string; readonly scope: Scope; readonly ofBefore?: true };

/**
 * A fixed set of keys, kept as hashes only. With no entries nobody gets in. Throws if a key is empty or holds what a
 * header cannot carry.
 */
export function createStaticApiKeys(entries: readonly StaticKey[]): ApiKeys {
  const known = entries.map(({ key, scope, ofBefore }) => {
    if (!/^[\x21-\x7e]+$/.test(key)) throw new Error('an API key must be printable ASCII without spaces');
    const found: KnownKey = { id: nameOfKey(key), scope, ...(ofBefore ? { ofBefore } : {}) };
    return { hash: hashOfKey(key), found };
  });
  return {
    configured: true,
    hasOwnManagingKey: entries.some(({ scope }) => scope === 'manage'),
    async find(text) {
      const presented = hashOfKey(text);
      let found: KnownKey | undefined;
      // All of them, always: how long it takes must not tell which one came close.
      for (const entry of known) if (isSameHash(entry.hash, presented)) found = entry.found;
      return found;
    },
  };
}

/**
 * The host's own keys, and those that the API made. A text with the form of a stored key is looked for among those alone,
 * so that neither store's absence keeps out the keys of the other.
 */
export function withStoredKeys(own: ApiKeys, stored: StoredKeys): ApiKeys {
  return { ...own, find: (text) => (idInKeyText(text) === undefined ? own.find(text) : stored.find(text)) };
}
