import { type AuditDeps, type AuditedRow, auditRowChange } from '../audit/audit-write.ts';
import type { Item, Table } from '../model/ports/table.ts';
import { type Alongside, createNumbered, firstVersion, numberItem } from '../table/registry-number.ts';
import { fromItem, toItem } from '../table/stored-item.ts';
import { type WebhookRow, webhookRow } from './webhook.ts';

const partition = 'registry#webhook';

/** What writing a row takes: whoever does it is told of in the audit. */
type WriteDeps = AuditDeps & { readonly table: Table };

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
  deps: WriteDeps,
  row: Omit<WebhookRow, 'id' | 'number' | 'version'>,
  alongside?: Alongside,
): Promise<WebhookRow> {
  const build = (number: number): Item => {
    const id = String(number);
    return toItem({ pk: partition, sk: id }, { ...row, id, number, version: firstVersion(row) });
  };
  const item = await createNumbered(deps.table, 'webhook', undefined, build, (made) => [
    ...auditRowChange(deps, 'webhook', undefined, audited(fromItem(webhookRow, made))),
    ...(alongside?.(made) ?? []),
  ]);
  return fromItem(webhookRow, item);
}

/** Stores a changed webhook. Throws ConditionFailed if someone else changed or removed it since it was read. */
export async function updateWebhook(deps: WriteDeps, before: WebhookRow, changed: WebhookRow): Promise<void> {
  const next = { ...changed, version: before.version + 1 };
  await deps.table.transact([
    { put: toItem({ pk: partition, sk: next.id }, next), condition: { type: 'version', equals: before.version } },
    ...auditRowChange(deps, 'webhook', audited(before), audited(next)),
  ]);
}

/** Throws ConditionFailed if someone else changed or removed it since it was read. */
export async function removeWebhook(deps: WriteDeps, row: WebhookRow): Promise<void> {
  await deps.table.transact([
    { delete: { pk: partition, sk: row.id }, condition: { type: 'version', equals: row.version } },
    { delete: numberItem('webhook', row.number, row.id) },
    ...auditRowChange(deps, 'webhook', audited(row), undefined),
  ]);
}

function audited(row: WebhookRow): AuditedRow {
  const { v: _v, version, owner: _owner, secret, ...shown } = row;
  return { id: row.id, number: row.number, version, shown, secrets: { secret } };
}
