import { createOnce } from '#core/idempotency/create-once.ts';
import { deleteOnce } from '#core/idempotency/delete-once.ts';
import { type Demand, demandTag } from '#core/model/row-tag.ts';
import { testConnector } from '#core/probe/test-connector.ts';
import { deleteConnectorCascade } from '#core/registry/changes/delete-connector-cascade.ts';
import { createConnector } from '#core/registry/changes/save-connector.ts';
import { readConnector } from '#core/registry/connector-store.ts';
import { connectorTag } from '#core/registry/registry-tag.ts';
import { withBody, withoutBody } from '../body/route-body.ts';
import { underIfMatch } from '../steps/if-match.ts';
import type { ApiDeps, ProbeDeps } from '../table/deps.ts';
import type { RequestContext, RouteOf } from '../table/route.ts';
import type { FlexorchAnswer } from './answer-schemas.ts';
import { connectorFace, connectorFaces, demandConnector, newConnector, shownConnectors } from './connector-face.ts';
import { createRequest, requestTo } from './create-request.ts';
import { created, noContent, row, success } from './envelope.ts';
import { inFlexOrchWords } from './field-words.ts';
import { itemsPage, pageOf, pageParameters, readPageRequest } from './pages.ts';

const all = { path: '/v1/connectors', fn: 'api' } as const;
const one = { path: '/v1/connectors/{connector}', fn: 'api', resource: 'connector' } as const;

export const connectorRoutes: readonly RouteOf<'api', FlexorchAnswer>[] = [
  {
    ...all,
    method: 'POST',
    scope: 'write',
    summary: 'Create a connector',
    answer: 'v1_connector',
    success: 201,
    tagged: true,
    idempotent: true,
    ...withBody('connector', newConnector, async (context: RequestContext<ApiDeps>, { name, config }) => {
      const { deps } = context;
      const connector = await createOnce(deps, createRequest(context, 'POST /v1/connectors'), {
        read: (id) => readConnector(deps.table, id),
        create: (alongside) => createConnector(deps, { name, config }, alongside),
      });
      return created(await connectorFace(deps, connector));
    }),
  },
  {
    ...all,
    method: 'GET',
    scope: 'read',
    summary: 'List the connectors that have settings of their own',
    answer: 'v1_connectors',
    query: pageParameters,
    handle: async ({ deps, query }) => {
      const page = readPageRequest(query);
      const rows = await shownConnectors(deps.table);
      return itemsPage(await connectorFaces(deps, pageOf(rows, page)), rows.length, page);
    },
  },
  {
    ...one,
    method: 'GET',
    scope: 'read',
    summary: 'Read a connector',
    answer: 'v1_connector',
    tagged: true,
    handle: async (context) => row((await shownConnector(context)).state),
  },
  {
    ...one,
    method: 'DELETE',
    scope: 'manage',
    scopeBefore: 'write',
    summary: 'Delete a connector with all its schedules and what they catalogued',
    success: 204,
    conditional: true,
    handle: (context) => {
      const { deps, param } = context;
      const remove = async (demand?: Demand) => {
        await deleteOnce(deps, requestTo(context, 'DELETE /v1/connectors/{connector}'), {
          find: () => demandConnector(deps.table, param('connector')),
          judge: (connector) => demandTag(demand, connectorTag(connector), `connector ${connector.number}`),
          remove: (connector) => deleteConnectorCascade(deps, connector, demand),
        });
        return noContent();
      };
      return underIfMatch(context, remove, () => shownConnector(context));
    },
  },
];

/** Throws ResourceNotFound. */
async function shownConnector({ deps, param }: RequestContext<ApiDeps>) {
  const state = await connectorFace(deps, await demandConnector(deps.table, param('connector')));
  return { state, tag: state.version };
}

/** It opens the connector's secrets, which the api function cannot. */
export const connectorProbeRoutes: readonly RouteOf<'probe', FlexorchAnswer>[] = [
  {
    method: 'POST',
    path: '/v1/connectors/{connector}/test',
    costly: true,
    scope: 'write',
    fn: 'probe',
    resource: 'connector',
    summary: 'Try the settings of a connector: lists one object',
    answer: 'v1_connection_test',
    ...withoutBody(async ({ deps, param }: RequestContext<ProbeDeps>) => {
      const connector = await demandConnector(deps.table, param('connector'));
      const { success: works, latency_ms, message } = await testConnector(deps, connector);
      return success({ success: works, latency_ms, message: inFlexOrchWords(message) });
    }),
  },
];
