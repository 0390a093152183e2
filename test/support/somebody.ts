import { createRandomIds } from '#adapters/process/random-ids.ts';
import type { AuditDeps } from '#core/audit/audit-write.ts';

/** For use cases whose audit entries do not matter: whoever asks, with a clock and ids for the entries. */
export const somebody: AuditDeps = {
  actor: { kind: 'anyone', address: '127.0.0.1' },
  clock: { now: () => Date.now() },
  ids: createRandomIds(),
};
