import type { Lookup } from '#adapters/outbound/endpoint-guard.ts';
import { privateEndpoints } from '#handlers/runtime/private-endpoints.ts';
import { readSettings } from '#local/settings.ts';
import type { HostileEndpoint } from './hostile-endpoints.ts';

/** A host's settings, as they come to the guard. */
export type Mode = { readonly name: string; readonly allowed: boolean | readonly string[] };

/** A name that a host allows by name, for the server that redirects. */
export const redirector = 'redirector.example.com';

/** Names that a host allows do not lead to the canaries, so these modes are judged like those that allow none. */
export function modes(redirectorPort: number): Mode[] {
  const listed = `minio.corp.example:9000,${redirector}:${redirectorPort}`;
  const keys = { STOCKTAKE_API_KEYS: `manage:${'k'.repeat(32)}` };
  const local = (env: Record<string, string>) => readSettings(env).privateEndpoints;
  return [
    { name: 'deployed', allowed: privateEndpoints.parse('') },
    { name: 'deployed, private endpoints by name', allowed: privateEndpoints.parse(listed) },
    { name: 'npm start with keys', allowed: local(keys) },
    { name: 'npm start with keys, private by name', allowed: local({ ...keys, STOCKTAKE_PRIVATE_ENDPOINTS: listed }) },
    { name: 'npm start without keys', allowed: local({}) },
  ];
}

/** Whether the host's settings let this name lead to a private address. */
export function mayBePrivate({ allowed }: Mode, host: string): boolean {
  return typeof allowed === 'boolean' ? allowed : allowed.some((entry) => entry.split(':')[0] === host);
}

/** Answers of one attack in turn; without any, as the system's resolver does. */
export function createResolver(): { answers: HostileEndpoint['answers']; readonly lookup: Lookup } {
  let turn = 0;
  let answers: HostileEndpoint['answers'];
  return {
    set answers(given: HostileEndpoint['answers']) {
      turn = 0;
      answers = given;
    },
    lookup: async (name) => {
      const found = answers?.[turn % answers.length];
      turn += 1;
      if (found === undefined) return systemLike(name);
      return found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    },
  };
}

/** Knows loopback's names and no others. */
export const systemLike: Lookup = async (name) => {
  if (name === 'localhost' || name.endsWith('.localhost')) return [{ address: '127.0.0.1', family: 4 }];
  throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
};
