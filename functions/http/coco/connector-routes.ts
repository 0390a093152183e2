import { Failure } from '#core/model/errors.ts';
import type { Demand } from '#core/model/row-tag.ts';
import { createConnector, deleteConnector, replaceConnector } from '#core/registry/changes/save-connector.ts';
import { connectorInput, connectorView } from '#core/registry/connector.ts';
import { listConnectors, readConnector } from '#core/registry/connector-store.ts';
import { connectorTag } from '#core/registry/registry-tag.ts';
import { searchRows } from '#core/search/search-rows.ts';
import { replaceParameter, withBody } from '../body/route-body.ts';
import { type Shown, underIfMatch } from '../steps/if-match.ts';
import { readFlag } from '../steps/query-parameters.ts';
import type { ApiDeps } from '../table/deps.ts';
import type { RequestContext, RouteOf } from '../table/route.ts';
import type { CocoAnswer } from './answer-schemas.ts';
import { found, written } from './answers.ts';
import { connectorFields } from './search-fields.ts';
import { commonSearchNames, searchRoutes } from './search-parameters.ts';

const one = { path: '/connector/{id}', fn: 'api', resource: 'id' } as const;

export const connectorRoutes: readonly RouteOf<'api', CocoAnswer>[] = [
  {
    method: 'POST',
    path: '/connector',
    scope: 'write',
    fn: 'api',
    summary: 'Create a connector',
    answer: 'written',
    tagged: true,
    ...withBody('connector', connectorInput, async ({ deps }, input) => {
      const row = await createConnector(deps, input);
      return written(row.id, 'created', connectorTag(row));
    }),
  },
  ...searchRoutes('/connector/_search', 'connector', commonSearchNames, async ({ deps }, params, facets) => {
    const rows = await listConnectors(deps.table);
    return searchRows(rows.map(connectorView), params, connectorFields, facets);
  }),
  {
    ...one,
    method: 'GET',
    scope: 'read',
    summary: 'Read a connector',
    answer: 'found',
    tagged: true,
    handle: async (context) => {
      const { state, tag } = await shownConnector(context);
      return found(context.param('id'), state, tag);
    },
  },
  {
    ...one,
    method: 'PUT',
    scope: 'write',
    costly: true,
    summary: 'Replace a connector; with ?replace=true create it if it is not there',
    answer: 'written',
    tagged: true,
    conditional: true,
    query: [replaceParameter],
    ...withBody('connector', connectorInput, async (context: RequestContext<ApiDeps>, input) => {
      const { deps, param, query } = context;
      const create = readFlag(query, 'replace');
      const replace = async (demand?: Demand) => {
        const { row, created } = await replaceConnector(deps, param('id'), input, { create, demand });
        return written(row.id, created ? 'created' : 'updated', connectorTag(row));
      };
      return underIfMatch(context, replace, () => shownConnector(context));
    }),
  },
  {
    ...one,
    method: 'DELETE',
    scope: 'manage',
    scopeBefore: 'write',
    summary: 'Delete a connector that no datasource uses',
    answer: 'written',
    conditional: true,
    handle: (context) => {
      const { deps, param } = context;
      const remove = async (demand?: Demand) => {
        await deleteConnector(deps, param('id'), demand);
        return written(param('id'), 'deleted');
      };
      return underIfMatch(context, remove, () => shownConnector(context));
    },
  },
];

/** Throws Failure `not_found`. */
async function shownConnector({ deps, param }: RequestContext<ApiDeps>): Promise<Shown> {
  const row = await readConnector(deps.table, param('id'));
  if (row === undefined) throw new Failure('not_found', `there is no connector ${param('id')}`);
  return { state: connectorView(row), tag: connectorTag(row) };
}
