import type { Clock, Log, Opener, Table, WebhookSender, WorkQueue } from '../ports.ts';

/** What delivering needs. `queue` brings its messages back to handleWebhookWork; nothing reads `deadLetters` by itself. */
export type DeliveryDeps = {
  readonly table: Table;
  readonly clock: Clock;
  readonly log: Log;
  readonly opener: Opener;
  readonly sender: WebhookSender;
  readonly queue: WorkQueue;
  readonly deadLetters: Pick<WorkQueue, 'send'>;
};
