import type { Clock, Ids, Log } from '../model/ports/host.ts';
import type { Table } from '../model/ports/table.ts';
import type { Opener } from '../model/ports/vault.ts';
import type { WebhookSender } from '../model/ports/webhooks.ts';
import type { WorkQueue } from '../model/ports/work-queue.ts';

/** What delivering needs. `queue` brings its messages back to handleWebhookWork; nothing reads `deadLetters` by itself. */
export type DeliveryDeps = {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly opener: Opener;
  readonly sender: WebhookSender;
  readonly queue: WorkQueue;
  readonly deadLetters: Pick<WorkQueue, 'send'>;
};
