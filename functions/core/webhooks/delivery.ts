import * as z from 'zod';
import type { Table } from '../model/ports/table.ts';
import { fromItem, toItem } from '../table/stored-item.ts';
import { webhookEvent } from './webhook.ts';

/** Kept this long after the last write: what was given up can be looked at and sent again, what was delivered is known. */
const keepSeconds = 14 * 86_400;

/**
 * One event on its way to one webhook. `body` is sent as it stands here, byte for byte, with each attempt; `attempts`
 * were made, `since` is when they began; until `claimed_until` somebody makes one (both epoch ms).
 */
export const deliveryRow = z.object({
  v: z.literal(1),
  version: z.number().int(),
  webhook: z.string(),
  id: z.string(),
  event: webhookEvent,
  event_id: z.string(),
  body: z.string(),
  status: z.enum(['pending', 'delivered', 'dead', 'dropped']),
  attempts: z.number().int(),
  since: z.number(),
  claimed_until: z.number().optional(),
  http_status: z.number().int().optional(),
  problem: z.string().optional(),
  ttl: z.number().int(),
});
export type DeliveryRow = z.output<typeof deliveryRow>;

/** Webhooks have partitions of their own: a busy one does not push back the writes of others. */
export function deliveryPartition(webhook: string): string {
  return `webhook-delivery#${webhook}`;
}

export async function readDelivery(table: Table, webhook: string, id: string): Promise<DeliveryRow | undefined> {
  const item = await table.get({ pk: deliveryPartition(webhook), sk: id });
  return item && fromItem(deliveryRow, item);
}

/** Throws ConditionFailed if it is there already. */
export async function insertDelivery(table: Table, row: Omit<DeliveryRow, 'version' | 'ttl'>): Promise<void> {
  await table.put(place({ ...row, version: 1, ttl: expiry(row.since) }), { type: 'absent' });
}

/** `now` in epoch milliseconds. Throws ConditionFailed if someone else wrote it since it was read. */
export async function updateDelivery(table: Table, row: DeliveryRow, now: number): Promise<DeliveryRow> {
  const next = { ...row, version: row.version + 1, ttl: expiry(now) };
  await table.put(place(next), { type: 'version', equals: row.version });
  return next;
}

function place(row: DeliveryRow) {
  return toItem({ pk: deliveryPartition(row.webhook), sk: row.id }, row);
}

function expiry(now: number): number {
  return Math.floor(now / 1000) + keepSeconds;
}
