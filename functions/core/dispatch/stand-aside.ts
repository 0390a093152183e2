import type { SyncDeps } from '../runs/sync-deps.ts';
import { readState } from '../runs/sync-state.ts';
import type { WorkMessage } from '../runs/work-message.ts';

/**
 * Hands work to the queue beside, where its host has one, so that it keeps nobody waiting: that of a datasource whose last
 * run failed, for its server may hang again, and every purge, which lasts as long as there is something to remove. Returns
 * false where the work is to be done now.
 */
export async function standAside({ aside, table }: SyncDeps, message: WorkMessage): Promise<boolean> {
  if (aside === undefined) return false;
  if (message.type !== 'purge' && (await readState(table, message.uid)).failures === 0) return false;
  await aside.send(message);
  return true;
}
