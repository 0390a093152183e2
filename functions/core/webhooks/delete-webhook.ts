import type { AuditDeps } from '../audit/audit-write.ts';
import { ConditionFailed, Failure } from '../model/errors.ts';
import type { Table } from '../model/ports/table.ts';
import { type Demand, demandTag } from '../model/row-tag.ts';
import { webhookTag } from './webhook.ts';
import { forgetHealth } from './webhook-health.ts';
import { readWebhook, removeWebhook } from './webhook-store.ts';

/** Removes a webhook; what waits to be delivered to it is dropped when its turn comes. Throws Failure
 *  `not_found` or `precondition_failed`. */
export async function deleteWebhook(
  deps: AuditDeps & { readonly table: Table },
  id: string,
  demand?: Demand,
): Promise<void> {
  const { table } = deps;
  for (;;) {
    const row = await readWebhook(table, id);
    if (row === undefined) throw new Failure('not_found', `there is no webhook ${id}`);
    demandTag(demand, webhookTag(row), `webhook ${id}`);
    try {
      await removeWebhook(deps, row);
      await forgetHealth(table, id);
      return;
    } catch (error) {
      // It was switched off, or deleted, in the same moment: looked at again.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}
