import { ConditionFailed } from '../model/errors.ts';
import type { BusEvent } from '../model/ports/event-bus.ts';
import type { Table } from '../model/ports/table.ts';
import { shortHash } from '../model/short-hash.ts';
import { readConnector } from '../registry/connector-store.ts';
import { readDatasource } from '../registry/datasource-store.ts';
import { insertDelivery, readDelivery } from './delivery.ts';
import type { DeliveryDeps } from './delivery-deps.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import type { WebhookRow } from './webhook.ts';
import { listWebhooks } from './webhook-store.ts';

type PlanDeps = Pick<DeliveryDeps, 'table' | 'clock' | 'log' | 'queue'>;

/**
 * Makes one delivery for each webhook that wants to know of the event, and has it sent. The same event again makes the
 * same deliveries, so none is made twice. Throws if one could not be made; the others are under way by then.
 */
export async function planDeliveries(deps: PlanDeps, event: BusEvent): Promise<void> {
  const outcome = readOutcome(deps, event);
  if (outcome === undefined) return;
  const webhooks = (await listWebhooks(deps.table)).filter(
    ({ active, events }) => active && events.includes(outcome.event),
  );
  if (webhooks.length === 0) return;
  const body = await bodyOf(deps.table, outcome);
  const made = await Promise.allSettled(webhooks.map((webhook) => planDelivery(deps, webhook, outcome, body)));
  const reasons = made.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  if (reasons.length > 0) throw new AggregateError(reasons, reasons.map(String).join('; '));
}

function readOutcome({ log }: PlanDeps, event: BusEvent): Outcome | undefined {
  try {
    return outcomeOf(event);
  } catch {
    // Trying again would not make it readable.
    log.error('event not readable for webhooks', { event_id: event.id, type: event.type });
    return undefined;
  }
}

async function planDelivery(deps: PlanDeps, webhook: WebhookRow, outcome: Outcome, body: string): Promise<void> {
  const { table, clock, queue } = deps;
  const id = shortHash([webhook.owner, outcome.eventId]);
  const now = clock.now();
  const { event, eventId: event_id } = outcome;
  const planned = { v: 1, webhook: webhook.id, id, event, event_id, body, attempts: 0, since: now } as const;
  try {
    await insertDelivery(table, { ...planned, status: 'pending' });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const stored = await readDelivery(table, webhook.id, id);
    // It stands, but perhaps without its message. Once an attempt was made, one is known to have been sent.
    if (stored?.status !== 'pending' || stored.attempts > 0) return;
  }
  await queue.send({ type: 'deliver', webhook: webhook.id, delivery: id, attempt: 1, due: now });
}

/** The body that every webhook gets. The datasource's and connector's numbers are their ids under /v1, where the builtin
 *  connector is not shown. */
async function bodyOf(table: Table, { event, time, datasource, fields }: Outcome): Promise<string> {
  if (datasource === undefined) return JSON.stringify({ event, ...fields, timestamp: time });
  const row = await readDatasource(table, datasource);
  const connector = row && (await readConnector(table, row.connector.id));
  const numbers = {
    schedule_id: row?.number ?? null,
    connector_id: connector?.builtin === false ? connector.number : null,
  };
  return JSON.stringify({ event, ...fields, ...numbers, timestamp: time });
}
