import * as z from 'zod';
import { wasAhead } from '../model/ahead.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { Clock } from '../model/ports/host.ts';
import type { Table } from '../model/ports/table.ts';
import { fromItem, toItem } from '../table/stored-item.ts';
import { webhookEvent } from './webhook.ts';

const partition = 'webhook-health';

/** The newest attempt at a webhook, as the API shows it. `http_status` or `problem` tells how the receiver answered. */
const lastDelivery = z.object({
  id: z.string(),
  event: webhookEvent,
  status: z.enum(['delivered', 'retrying', 'failed']),
  attempts: z.number().int(),
  http_status: z.number().int().optional(),
  problem: z.string().optional(),
  at: z.string(),
});
export type LastDelivery = z.output<typeof lastDelivery>;

/** How a webhook fares. `failures` in a row; until `resting_until` (epoch ms) nothing is sent to it. */
const webhookHealth = z.object({
  v: z.literal(1),
  version: z.number().int(),
  failures: z.number().int(),
  resting_until: z.number(),
  last_delivery: lastDelivery.optional(),
});
export type WebhookHealth = z.output<typeof webhookHealth>;

/** So many failures in a row, and a webhook is asked by one delivery at a time, after a rest. */
const restAfter = 3;
const firstRestMs = 10_000;
export const longestRestMs = 15 * 60_000;

/** Also of a webhook that was deleted while an attempt was under way, which notes its end afterwards. */
const keepSeconds = 90 * 86_400;

/** Longer than a request may take: nobody else asks a failing receiver meanwhile. */
const turnMs = 20_000;

export async function readHealth(table: Table, id: string): Promise<WebhookHealth | undefined> {
  const item = await table.get({ pk: partition, sk: id });
  return item && fromItem(webhookHealth, item);
}

export async function forgetHealth(table: Table, id: string): Promise<void> {
  await table.delete({ pk: partition, sk: id });
}

/**
 * Asks whether a delivery may be sent now. A receiver that failed often in a row is left alone for a while, then asked
 * by one delivery alone, so that waiting for it never takes up the places of all the others.
 *
 * @returns when to ask again (epoch ms), or undefined: the turn is yours.
 */
export async function takeTurn(
  { table, clock }: { readonly table: Table; readonly clock: Clock },
  id: string,
): Promise<number | undefined> {
  const health = await readHealth(table, id);
  if (health === undefined || health.failures < restAfter) return undefined;
  const now = clock.now();
  if (now < health.resting_until && !wasAhead(clock, health.resting_until, longestRestMs)) return health.resting_until;
  try {
    await putHealth(table, id, { ...health, resting_until: now + turnMs }, now);
    return undefined;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return now + turnMs;
  }
}

/** Notes how an attempt went. Where others keep writing at the same moment it is left out: it is for people to read. */
export async function noteAttempt(
  { table, clock }: { readonly table: Table; readonly clock: Clock },
  id: string,
  last: LastDelivery,
): Promise<void> {
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const before = await readHealth(table, id);
    const failures = last.status === 'delivered' ? 0 : (before?.failures ?? 0) + 1;
    const now = clock.now();
    const resting_until = failures < restAfter ? 0 : now + restMs(failures);
    try {
      const version = before?.version ?? 0;
      await putHealth(table, id, { v: 1, version, failures, resting_until, last_delivery: last }, now);
      return;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

function restMs(failures: number): number {
  return Math.min(longestRestMs, firstRestMs * 2 ** Math.min(20, failures - restAfter));
}

async function putHealth(table: Table, id: string, health: WebhookHealth, now: number): Promise<void> {
  const ttl = Math.floor(now / 1000) + keepSeconds;
  const item = toItem({ pk: partition, sk: id }, { ...health, version: health.version + 1, ttl });
  await table.put(item, health.version === 0 ? { type: 'absent' } : { type: 'version', equals: health.version });
}
