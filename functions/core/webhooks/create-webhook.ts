import type { AuditDeps } from '../audit/audit-write.ts';
import { ConditionFailed, Failure } from '../model/errors.ts';
import type { Table } from '../model/ports/table.ts';
import type { Sealer } from '../model/ports/vault.ts';
import type { WebhookAddresses } from '../model/ports/webhooks.ts';
import type { Alongside } from '../table/registry-number.ts';
import { mostWebhooks, secretContext, type WebhookInput, type WebhookRow } from './webhook.ts';
import { insertWebhook, listWebhooks, removeWebhook } from './webhook-store.ts';

export type WebhookDeps = AuditDeps & {
  readonly table: Table;
  readonly sealer: Sealer;
  readonly webhookAddresses: WebhookAddresses;
};

/** A webhook that was made just now, with its secret if that was made as well. */
export type CreatedWebhook = { readonly row: WebhookRow; readonly generatedSecret?: string };

/**
 * Stores a new webhook, active from now on. Where no secret was given one is made and handed back, this once: it is
 * sealed, and nothing that answers requests can open it. Throws Failure `endpoint_refused` for a URL that may not be
 * called, `invalid_request` where there are as many webhooks as there may be, `conflict` if a condition of `alongside`
 * does not hold.
 */
export async function createWebhook(
  deps: WebhookDeps,
  input: WebhookInput,
  alongside?: Alongside,
): Promise<CreatedWebhook> {
  const refusal = deps.webhookAddresses.refusal(input.url);
  if (refusal !== undefined) {
    throw new Failure('endpoint_refused', `url ${refusal}`, { details: [{ path: 'url', reason: refusal }] });
  }
  if ((await listWebhooks(deps.table)).length >= mostWebhooks) throw tooMany();
  const generated = input.secret === undefined ? `whsec_${deps.ids.unique()}` : undefined;
  const owner = deps.ids.unique();
  const planned = {
    v: 1,
    owner,
    url: input.url,
    events: input.events,
    active: true,
    secret: await deps.sealer.seal(input.secret ?? generated ?? '', secretContext({ owner })),
    created: new Date(deps.clock.now()).toISOString(),
  } as const;
  const row = await insertWebhook(deps, planned, alongside);
  await takeBackBeyondLimit(deps, row);
  return generated === undefined ? { row } : { row, generatedSecret: generated };
}

/** Counted again after the write, by number: of several that come at once those beyond the limit take themselves back. */
async function takeBackBeyondLimit(deps: WebhookDeps, row: WebhookRow): Promise<void> {
  const before = (await listWebhooks(deps.table)).filter(({ number }) => number < row.number);
  if (before.length < mostWebhooks) return;
  await removeWebhook(deps, row).catch((error: unknown) => {
    if (!(error instanceof ConditionFailed)) throw error;
  });
  throw tooMany();
}

function tooMany(): Failure {
  return new Failure('invalid_request', `there are ${mostWebhooks} webhooks, and no more may be; delete one first`);
}
