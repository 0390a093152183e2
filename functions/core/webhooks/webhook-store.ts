import type { Item, Table } from '../model/ports/table.ts';
import { type Alongside, createNumbered, firstVersion, numberItem } from '../table/registry-number.ts';
import { fromItem, toItem } from '../table/stored-item.ts';
import { type WebhookRow, webhookRow } from './webhook.ts';

const partition = 'registry#webhook';

export async function readWebhook(table: Table, id: string): Promise<WebhookRow | undefined> {
  const item = await table.get({ pk: partition, sk: id });
  return item && fromItem(webhookRow, item);
}

/** All webhooks, oldest first. */
export async function listWebhooks(table: Table): Promise<WebhookRow[]> {
  const rows: WebhookRow[] = [];
  for await (const item of table.query({ pk: partition })) rows.push(fromItem(webhookRow, item));
  return rows.sort((one, other) => one.number - other.number);
}

/** Stores a new webhook under the next number. Throws Failure `conflict` if a condition of `alongside` does not hold. */
export async function insertWebhook(
  table: Table,
  row: Omit<WebhookRow, 'id' | 'number' | 'version'>,
  alongside?: Alongside,
): Promise<WebhookRow> {
  const build = (number: number): Item => {
    const id = String(number);
    return toItem({ pk: partition, sk: id }, { ...row, id, number, version: firstVersion(row) });
  };
  const item = await createNumbered(table, 'webhook', undefined, build, alongside);
  return fromItem(webhookRow, item);
}

/** Stores a changed webhook. Throws ConditionFailed if someone else changed or removed it since it was read. */
export async function updateWebhook(table: Table, row: WebhookRow): Promise<void> {
  const next = toItem({ pk: partition, sk: row.id }, { ...row, version: row.version + 1 });
  await table.put(next, { type: 'version', equals: row.version });
}

/** Throws ConditionFailed if someone else changed or removed it since it was read. */
export async function removeWebhook(table: Table, row: WebhookRow): Promise<void> {
  await table.transact([
    { delete: { pk: partition, sk: row.id }, condition: { type: 'version', equals: row.version } },
    { delete: numberItem('webhook', row.number, row.id) },
  ]);
}
