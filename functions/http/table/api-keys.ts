import { createHash, timingSafeEqual } from 'node:crypto';

/** What a caller may do; each includes the ones before it. */
export type Scope = 'read' | 'write' | 'manage';

/** Who may call. */
export interface ApiKeys {
  /** False where nobody needs a key: on one machine, reachable over loopback only. Then everybody may do all. */
  readonly configured: boolean;
  /** What a key allows; undefined if there is no such key. */
  scopeOf(key: string): Promise<Scope | undefined>;
}

/** For a server that only its own machine can reach. */
export const noKeysNeeded: ApiKeys = { configured: false, scopeOf: async () => undefined };

/**
 * A fixed set of keys, kept as hashes only. With no entries nobody gets in. Throws if a key is empty or holds what a
 * header cannot carry.
 */
export function createStaticApiKeys(entries: readonly { readonly key: string; readonly scope: Scope }[]): ApiKeys {
  const known = entries.map(({ key, scope }) => {
    if (!/^[\x21-\x7e]+$/.test(key)) throw new Error('an API key must be printable ASCII without spaces');
    return { hash: hash(key), scope };
  });
  return {
    configured: true,
    async scopeOf(key) {
      const presented = hash(key);
      let scope: Scope | undefined;
      // All of them, always: how long it takes must not tell which one came close.
      for (const entry of known) if (timingSafeEqual(entry.hash, presented)) scope = entry.scope;
      return scope;
    },
  };
}

/**
 * Names a key that was shown, to count its requests by. So little of its hash that nobody who reads it can tell by it
 * which key it was; two keys of one deployment that share it share a limit.
 */
export function nameOfKey(key: string): string {
  return hash(key).toString('hex', 0, 4);
}

function hash(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
