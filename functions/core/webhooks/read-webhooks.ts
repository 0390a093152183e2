import type { Table } from '../model/ports/table.ts';
import { idleEvents, type WebhookRow, webhookTag } from './webhook.ts';
import { readHealth, type WebhookHealth } from './webhook-health.ts';
import { listWebhooks } from './webhook-store.ts';

/**
 * All webhooks, oldest first, as the API shows them: with how they fare, without their secrets. Not `wholeUrls`: of each
 * URL its scheme and host alone.
 */
export async function readWebhooks(
  { table }: { readonly table: Table },
  { wholeUrls }: { readonly wholeUrls: boolean } = { wholeUrls: true },
): Promise<Record<string, unknown>[]> {
  const stored = await listWebhooks(table);
  const rows = wholeUrls ? stored : stored.map((row) => ({ ...row, url: new URL(row.url).origin }));
  return Promise.all(rows.map(async (row) => webhookView(row, await readHealth(table, row.id))));
}

/** What the API shows of a webhook. The secret is not part of it. `idle_events` never occur here, so it is not told of them. */
export function webhookView(
  row: WebhookRow,
  health?: WebhookHealth,
): Record<string, unknown> & { readonly version: string } {
  return {
    id: row.number,
    url: row.url,
    events: row.events,
    idle_events: idleEvents(row.events),
    active: row.active,
    created_at: row.created,
    switched_off: row.switched_off ?? null,
    failures: health?.failures ?? 0,
    last_delivery: health?.last_delivery ?? null,
    version: webhookTag(row),
  };
}
