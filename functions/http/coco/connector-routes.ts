import { Failure } from '#core/model/errors.ts';
import { createConnector, deleteConnector, replaceConnector } from '#core/registry/changes/save-connector.ts';
import { connectorInput, connectorView } from '#core/registry/connector.ts';
import { listConnectors, readConnector } from '#core/registry/connector-store.ts';
import { searchRows } from '#core/search/search-rows.ts';
import { replaceParameter, withBody } from '../body/route-body.ts';
import { readFlag } from '../steps/query-parameters.ts';
import type { RouteOf } from '../table/route.ts';
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
    ...withBody('connector', connectorInput, async ({ deps }, input) => {
      const row = await createConnector(deps, input);
      return written(row.id, 'created');
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
    handle: async ({ deps, param }) => {
      const row = await readConnector(deps.table, param('id'));
      if (row === undefined) throw new Failure('not_found', `there is no connector ${param('id')}`);
      return found(row.id, connectorView(row));
    },
  },
  {
    ...one,
    method: 'PUT',
    scope: 'write',
    costly: true,
    summary: 'Replace a connector; with ?replace=true create it if it is not there',
    answer: 'written',
    query: [replaceParameter],
    ...withBody('connector', connectorInput, async ({ deps, param, query }, input) => {
      const create = readFlag(query, 'replace');
      const { row, created } = await replaceConnector(deps, param('id'), input, { create });
      return written(row.id, created ? 'created' : 'updated');
    }),
  },
  {
    ...one,
    method: 'DELETE',
    scope: 'manage',
    scopeBefore: 'write',
    summary: 'Delete a connector that no datasource uses',
    answer: 'written',
    handle: async ({ deps, param }) => {
      await deleteConnector(deps, param('id'));
      return written(param('id'), 'deleted');
    },
  },
];
