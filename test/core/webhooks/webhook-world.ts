import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { createTableWorkQueue } from '#adapters/sqlite/table-work-queue.ts';
import type { BusEvent } from '#core/model/ports/event-bus.ts';
import type { Table } from '#core/model/ports/table.ts';
import type { WebhookAnswer, WebhookRequest } from '#core/model/ports/webhooks.ts';
import { zeroCounters } from '#core/runs/run.ts';
import { createWebhook } from '#core/webhooks/create-webhook.ts';
import { type DeliveryRow, deliveryPartition, deliveryRow } from '#core/webhooks/delivery.ts';
import type { DeliveryDeps } from '#core/webhooks/delivery-deps.ts';
import type { WebhookInput } from '#core/webhooks/webhook.ts';
import { handleWebhookWork } from '#core/webhooks/webhook-work.ts';
import { createRecordingLog } from '#support/recording-log.ts';
import { somebody } from '#support/somebody.ts';
import { openVault } from '#support/sync-world.ts';
import { createVirtualTime } from '#support/virtual-time.ts';

export type Sent = WebhookRequest & { readonly at: number };
type Receiver = (request: WebhookRequest) => WebhookAnswer | Promise<WebhookAnswer>;

export const start = Date.parse('2026-03-01T10:00:00Z');
export const ok: WebhookAnswer = { status: 200 };

/** The real use cases over the real embedded queue, with time, receivers and crashes in the test's hands. */
export function createWebhookWorld(options: { interrupt?: (call: string) => void } = {}) {
  const time = createVirtualTime(start);
  const log = createRecordingLog();
  const table = openSqliteTable(':memory:');
  const sent: Sent[] = [];
  const dead: unknown[] = [];
  const receivers = new Map<string, Receiver>();
  const interrupt = options.interrupt ?? (() => undefined);
  let given = 0;
  // Counted, so that jitter, which follows from ids, is the same each time.
  const ids = {
    unique: () => {
      given += 1;
      return `id${String(given).padStart(23, '0')}`;
    },
  };
  const host = { ...somebody, table, clock: time.clock, timers: time.timers, ids, log };
  const queue = createTableWorkQueue({
    ...host,
    queue: 'webhooks',
    concurrency: 16,
    maxAttempts: 1000,
    consume: (message) => handleWebhookWork(deps, message),
  });
  const deps: DeliveryDeps = {
    log,
    clock: time.clock,
    ids: host.ids,
    table: interrupted(table, 'table', interrupt),
    opener: interrupted(openVault, 'vault', interrupt),
    queue: interrupted(queue, 'queue', interrupt),
    deadLetters: interrupted({ send: async (message: unknown) => void dead.push(message) }, 'dead', interrupt),
    sender: interrupted(
      {
        async send(request: WebhookRequest) {
          sent.push({ ...request, at: time.clock.now() - start });
          return (receivers.get(request.url) ?? (() => ok))(request);
        },
      },
      'sender',
      interrupt,
    ),
  };
  return {
    ...host,
    deps,
    time,
    log,
    sent,
    dead,
    queue,
    receive: (url: string, receiver: Receiver) => void receivers.set(url, receiver),
    create: (input: Partial<WebhookInput> = {}) =>
      createWebhook(
        { ...host, sealer: openVault, webhookAddresses: { refusal: () => undefined } },
        { url: 'https://one.test/', events: ['sync.completed', 'job.failed'], secret: 'secret-of-one', ...input },
      ),
    /** As the bus would hand it over. */
    tell: (event: BusEvent) => queue.send({ type: 'event', event }),
    async deliveries(webhook = '1'): Promise<DeliveryRow[]> {
      const rows: DeliveryRow[] = [];
      for await (const item of table.query({ pk: deliveryPartition(webhook) })) rows.push(deliveryRow.parse(item));
      return rows;
    },
  };
}

/** Calls back before and after each call of an adapter; what the callback throws, the call throws. */
function interrupted<Port extends object>(port: Port, name: string, interrupt: (call: string) => void): Port {
  return new Proxy(port, {
    get(target, method) {
      const member: unknown = Reflect.get(target, method);
      if (typeof member !== 'function') return member;
      if (method === 'query') {
        return (...args: Parameters<Table['query']>) => {
          interrupt(`${name}.query`);
          return member.apply(target, args);
        };
      }
      return async (...args: unknown[]) => {
        interrupt(`before ${name}.${String(method)}`);
        const result: unknown = await member.apply(target, args);
        interrupt(`after ${name}.${String(method)}`);
        return result;
      };
    },
  });
}

export function runEvent(status: 'completed' | 'failed' | 'held', id = 'run1'): BusEvent {
  const type = { completed: 'Sync Completed', failed: 'Sync Failed', held: 'Sync Held' }[status];
  const detail = { id, datasource: 'docs', status, trigger: 'schedule', counters: zeroCounters, dry_run: false };
  return { id: `${id}-${status}`, type, time: '2026-03-01T09:59:59.000Z', detail };
}

export function jobEvent(status: 'completed' | 'failed', job_id = 7): BusEvent {
  const failure = status === 'failed' ? { failure_reason: 'there is no object of this key' } : {};
  const detail = { job_id, status, document_id: 'docs.YQ', filename: 'a.pdf', ...failure };
  return { id: `job-${job_id}`, type: `job.${status}`, time: '2026-03-01T09:59:59.000Z', detail };
}
