import { Failure } from '#core/model/errors.ts';
import type { Table } from '#core/model/ports/table.ts';
import type { Demand } from '#core/model/row-tag.ts';
import { listPurges } from '#core/purges/list-purges.ts';
import { deleteDatasource } from '#core/registry/changes/delete-datasource.ts';
import { createDatasource, replaceDatasource, updateDatasourceFields } from '#core/registry/changes/save-datasource.ts';
import { type DatasourceRow, datasourceInput, datasourcePatch, datasourceView } from '#core/registry/datasource.ts';
import { listDatasources, readDatasource } from '#core/registry/datasource-store.ts';
import { datasourceTag } from '#core/registry/registry-tag.ts';
import { putOffUntil, readState } from '#core/runs/sync-state.ts';
import { scheduleView } from '#core/schedules/schedule-view.ts';
import type { FacetRequests } from '#core/search/facet-request.ts';
import { readShown } from '#core/search/search-language.ts';
import type { SearchPage } from '#core/search/search-page.ts';
import { searchRows } from '#core/search/search-rows.ts';
import { compileShown } from '#core/search/shown-fields.ts';
import { replaceParameter, withBody, withReplaceableBody } from '../body/route-body.ts';
import { type Shown, underIfMatch } from '../steps/if-match.ts';
import type { ApiDeps } from '../table/deps.ts';
import type { QueryValues, RequestContext, RouteOf } from '../table/route.ts';
import type { CocoAnswer } from './answer-schemas.ts';
import { found, plain, written } from './answers.ts';
import { datasourceSource, datasourceSources } from './datasource-source.ts';
import { datasourceFields } from './search-fields.ts';
import { commonSearchNames, searchRoutes } from './search-parameters.ts';

type Context = RequestContext<ApiDeps>;

const one = { path: '/datasource/{id}', fn: 'api', resource: 'id' } as const;

export const datasourceRoutes: readonly RouteOf<'api', CocoAnswer>[] = [
  {
    method: 'POST',
    path: '/datasource',
    scope: 'write',
    fn: 'api',
    costly: true,
    summary: 'Create a datasource',
    answer: 'written',
    tagged: true,
    ...withBody('datasource', datasourceInput, async ({ deps }, input) => {
      const row = await createDatasource(deps, input);
      return written(row.id, 'created', datasourceTag(row));
    }),
  },
  ...searchRoutes('/datasource/_search', 'datasource', commonSearchNames, ({ deps }, params, facets) =>
    search(deps, params, facets),
  ),
  {
    method: 'GET',
    path: '/datasource/_purges',
    fn: 'api',
    scope: 'read',
    summary: 'How far the removal is of what deleted and moved datasources catalogued',
    answer: 'purges',
    handle: async ({ deps }) => plain(await listPurges(deps.table)),
  },
  {
    ...one,
    method: 'GET',
    scope: 'read',
    summary: 'Read a datasource with its schedule, newest run and health',
    answer: 'found',
    tagged: true,
    handle: async (context) => {
      const { state, tag } = await shownDatasource(context);
      return found(context.param('id'), state, tag);
    },
  },
  {
    ...one,
    method: 'PUT',
    scope: 'write',
    costly: true,
    summary: 'Change the fields that are given; with ?replace=true replace the whole or create it',
    answer: 'written',
    tagged: true,
    conditional: true,
    query: [replaceParameter],
    ...withReplaceableBody(
      'datasource',
      { patch: datasourcePatch, whole: datasourceInput },
      {
        change: (context: Context, input) => {
          const change = async (demand?: Demand) => {
            const row = await updateDatasourceFields(context.deps, context.param('id'), input, demand);
            return written(row.id, 'updated', datasourceTag(row));
          };
          return underIfMatch(context, change, () => shownDatasource(context));
        },
        replace: (context: Context, input) => {
          const replace = async (demand?: Demand) => {
            const { row, created } = await replaceDatasource(context.deps, context.param('id'), input, demand);
            return written(row.id, created ? 'created' : 'updated', datasourceTag(row));
          };
          return underIfMatch(context, replace, () => shownDatasource(context));
        },
      },
    ),
  },
  {
    ...one,
    method: 'DELETE',
    scope: 'manage',
    scopeBefore: 'write',
    summary: 'Delete a datasource: at once invisible, its records purged in the background (GET /datasource/_purges)',
    answer: 'written',
    conditional: true,
    handle: (context) => {
      const { deps, param } = context;
      const remove = async (demand?: Demand) => {
        await deleteDatasource(deps, param('id'), demand);
        return written(param('id'), 'deleted');
      };
      return underIfMatch(context, remove, () => shownDatasource(context));
    },
  },
  {
    ...one,
    path: '/datasource/{id}/_schedule',
    method: 'GET',
    scope: 'read',
    summary: 'Read the schedule of a datasource',
    answer: 'found',
    tagged: true,
    handle: async ({ deps, param }) => {
      const row = await demandDatasource(deps.table, param('id'));
      const now = deps.clock.now();
      const until = putOffUntil(await readState(deps.table, row.uid), row, now);
      const schedule = scheduleView(row, until ?? now);
      if (schedule === undefined) throw new Failure('not_found', `datasource ${row.id} has no schedule`);
      return found(row.id, schedule, datasourceTag(row));
    },
  },
];

/** Throws Failure `not_found`. */
export async function demandDatasource(table: Table, id: string): Promise<DatasourceRow> {
  const row = await readDatasource(table, id);
  if (row === undefined) throw new Failure('not_found', `there is no datasource ${id}`);
  return row;
}

async function shownDatasource({ deps, param }: Context): Promise<Shown> {
  const row = await demandDatasource(deps.table, param('id'));
  return { state: await datasourceSource(deps, row), tag: datasourceTag(row) };
}

/** Filters over what is in the rows themselves, then looks up the rest for the hits of the page only. */
async function search(deps: ApiDeps, params: QueryValues, facets: FacetRequests | undefined): Promise<SearchPage> {
  const rows = new Map<string, DatasourceRow>();
  for await (const row of listDatasources(deps.table)) rows.set(row.id, row);
  const page = searchRows([...rows.values()].map(datasourceView), params, datasourceFields, facets);
  const hits = page.hits.flatMap(({ id }) => rows.get(id) ?? []);
  const sources = await datasourceSources(deps, hits);
  const show = compileShown(readShown(params));
  return { ...page, hits: hits.map(({ id }, index) => ({ id, source: show(sources[index] ?? {}) })) };
}
