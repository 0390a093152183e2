import { Failure } from '#core/model/errors.ts';
import { approveRun } from '#core/runs/approve-run.ts';
import { cancelRun, findRun } from '#core/runs/cancel-run.ts';
import { requestRun } from '#core/runs/request-run.ts';
import { runView } from '#core/runs/run.ts';
import { listRuns } from '#core/runs/run-store.ts';
import { withoutBody } from '../body/route-body.ts';
import { isRunId } from '../steps/path-parameters.ts';
import { readCount } from '../steps/query-parameters.ts';
import type { ApiDeps } from '../table/deps.ts';
import type { Reply, RequestContext, RouteOf } from '../table/route.ts';
import type { CocoAnswer } from './answer-schemas.ts';
import { acknowledged, found, plain, runAccepted } from './answers.ts';
import { demandDatasource } from './datasource-routes.ts';

const common = { fn: 'api' } as const;
const order = { ...common, method: 'POST', scope: 'write' } as const;

const defaultRuns = 20;
const mostRuns = 100;

export const runRoutes: readonly RouteOf<'api', CocoAnswer>[] = [
  {
    ...order,
    path: '/datasource/{id}/_reset_sync',
    costly: true,
    summary: 'Sync a datasource now',
    answer: 'acknowledged',
    ...withoutBody(async ({ deps, param }: RequestContext<ApiDeps>) => {
      await requestRun(deps, { datasource: param('id'), trigger: 'manual' });
      return acknowledged();
    }),
  },
  {
    ...order,
    path: '/datasource/{id}/_sync',
    costly: true,
    summary: 'Sync a datasource now and answer with the run, or with the one that is on',
    answer: 'run_accepted',
    ...withoutBody(async ({ deps, param }: RequestContext<ApiDeps>) => {
      const { run } = await requestRun(deps, { datasource: param('id'), trigger: 'manual' });
      return runAccepted(run);
    }),
  },
  {
    ...common,
    method: 'GET',
    path: '/datasource/{id}/_runs',
    scope: 'read',
    summary: 'List the runs of a datasource, newest first',
    answer: 'run_list',
    query: [
      { name: 'size', description: `how many, ${defaultRuns} by default, at most ${mostRuns}` },
      { name: 'before', description: 'next of the answer before' },
    ],
    handle: listed,
  },
  {
    ...common,
    method: 'GET',
    path: '/datasource/{id}/_runs/{run}',
    scope: 'read',
    summary: 'Read a run',
    answer: 'found',
    resource: 'run',
    handle: async ({ deps, param }) => {
      const { run } = await findRun(deps, param('id'), param('run'));
      return found(run.id, runView(run));
    },
  },
  {
    ...order,
    path: '/datasource/{id}/_runs/{run}/_cancel',
    summary: 'Stop a run before its next page',
    answer: 'run_accepted',
    ...withoutBody(async ({ deps, param }: RequestContext<ApiDeps>) =>
      runAccepted(await cancelRun(deps, param('id'), param('run')), 'canceling'),
    ),
  },
  {
    ...order,
    path: '/datasource/{id}/_runs/{run}/_approve',
    scope: 'manage',
    scopeBefore: 'write',
    costly: true,
    summary: 'Approve the deletions that a held run showed; answers with the run that applies them',
    answer: 'run_accepted',
    ...withoutBody(async ({ deps, param }: RequestContext<ApiDeps>) =>
      runAccepted(await approveRun(deps, param('id'), param('run'))),
    ),
  },
];

async function listed({ deps, param, query }: RequestContext<ApiDeps>): Promise<Reply> {
  const size = readCount(query, 'size', { from: 1, to: mostRuns }) ?? defaultRuns;
  const { before } = query;
  if (before !== undefined && (typeof before !== 'string' || !isRunId(before))) {
    throw new Failure('invalid_request', 'before must be the next of an answer before', {
      details: [{ path: 'before', reason: 'must be the next of an answer before' }],
    });
  }
  const { uid } = await demandDatasource(deps.table, param('id'));
  // One more than asked for tells whether there are more.
  const runs = await listRuns(deps.table, uid, deps.clock.now(), { limit: size + 1, before });
  const shown = runs.slice(0, size);
  const next = runs.length > size ? { next: shown.at(-1)?.id } : {};
  return plain({ runs: shown.map(runView), ...next });
}
