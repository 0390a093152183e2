import { createOnce } from '#core/idempotency/create-once.ts';
import { deleteOnce } from '#core/idempotency/delete-once.ts';
import type { Table } from '#core/model/ports/table.ts';
import { type Demand, demandTag } from '#core/model/row-tag.ts';
import { type CreatedWebhook, createWebhook } from '#core/webhooks/create-webhook.ts';
import { deleteWebhook } from '#core/webhooks/delete-webhook.ts';
import { readWebhooks, webhookView } from '#core/webhooks/read-webhooks.ts';
import { type WebhookRow, webhookTag } from '#core/webhooks/webhook.ts';
import { readWebhook } from '#core/webhooks/webhook-store.ts';
import { withBody } from '../body/route-body.ts';
import { type Shown, underIfMatch } from '../steps/if-match.ts';
import type { ApiDeps } from '../table/deps.ts';
import type { RequestContext, RouteOf } from '../table/route.ts';
import type { FlexorchAnswer } from './answer-schemas.ts';
import { createRequest, requestTo } from './create-request.ts';
import { created, noContent } from './envelope.ts';
import { ResourceNotFound } from './not-found.ts';
import { itemsPage, pageOf, pageParameters, readPageRequest } from './pages.ts';
import { secretWarnings, webhookOfClients } from './webhook-secret.ts';

const all = { path: '/v1/webhooks', fn: 'api' } as const;

export const webhookRoutes: readonly RouteOf<'api', FlexorchAnswer>[] = [
  {
    ...all,
    method: 'POST',
    scope: 'manage',
    scopeBefore: 'write',
    summary: 'Register a webhook; a secret that was not given is made and shown in this answer only',
    answer: 'v1_webhook_created',
    success: 201,
    tagged: true,
    idempotent: true,
    ...withBody('webhook', webhookOfClients, async (context: RequestContext<ApiDeps>, input) => {
      const { deps } = context;
      let made: CreatedWebhook | undefined;
      const row = await createOnce(deps, createRequest(context, 'POST /v1/webhooks'), {
        read: (id) => readWebhook(deps.table, id),
        create: async (alongside) => {
          made = await createWebhook(deps, input, alongside);
          return made.row;
        },
      });
      // A repeated request finds the webhook, and its secret sealed.
      const secret = made?.generatedSecret;
      const shown = secret === undefined ? {} : { secret };
      return created({ ...webhookView(row), ...shown, ...secretWarnings(input.secret) });
    }),
  },
  {
    ...all,
    method: 'GET',
    scope: 'manage',
    scopeBefore: 'read',
    summary: 'List the webhooks and how their newest delivery went',
    answer: 'v1_webhooks',
    query: pageParameters,
    handle: async ({ deps, query, scope }) => {
      const page = readPageRequest(query);
      // The path of a URL is often a secret itself. Only a key of before comes here with less than what may change it.
      const views = await readWebhooks(deps, { wholeUrls: scope !== 'read' });
      return itemsPage(pageOf(views, page), views.length, page);
    },
  },
  {
    method: 'DELETE',
    path: '/v1/webhooks/{webhook}',
    scope: 'manage',
    scopeBefore: 'write',
    fn: 'api',
    resource: 'webhook',
    summary: 'Delete a webhook; what waits to be delivered to it is dropped',
    success: 204,
    conditional: true,
    handle: (context) => {
      const { deps, param } = context;
      const remove = async (demand?: Demand) => {
        await deleteOnce(deps, requestTo(context, 'DELETE /v1/webhooks/{webhook}'), {
          find: () => demandWebhook(deps.table, param('webhook')),
          judge: (row) => demandTag(demand, webhookTag(row), `webhook ${row.id}`),
          remove: ({ id }) => deleteWebhook(deps, id, demand),
        });
        return noContent();
      };
      return underIfMatch(context, remove, () => shownWebhook(context));
    },
  },
];

/** Throws ResourceNotFound. */
async function shownWebhook({ deps, param }: RequestContext<ApiDeps>): Promise<Shown> {
  const state = webhookView(await demandWebhook(deps.table, param('webhook')));
  return { state, tag: state.version };
}

async function demandWebhook(table: Table, id: string): Promise<WebhookRow> {
  const row = await readWebhook(table, id);
  if (row === undefined) throw new ResourceNotFound('webhook', id);
  return row;
}
