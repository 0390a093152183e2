import { deleteDatasource } from '#core/registry/changes/delete-datasource.ts';
import { requestRun } from '#core/runs/request-run.ts';
import { listRuns } from '#core/runs/run-store.ts';
import { withBody, withoutBody } from '../body/route-body.ts';
import { readCount } from '../steps/query-parameters.ts';
import type { ApiDeps } from '../table/deps.ts';
import type { Reply, RequestContext, RouteOf } from '../table/route.ts';
import type { FlexorchAnswer } from './answer-schemas.ts';
import { accepted, success } from './envelope.ts';
import { changeSchedule } from './save-schedule.ts';
import { demandSchedule, type Schedule, scheduleFace } from './schedule-face.ts';
import { demandSameConnector, readSchedule, scheduleChange } from './schedule-input.ts';
import { syncLog } from './sync-log.ts';

type Context = RequestContext<ApiDeps>;

/** Finds the schedule that the path of a request names. */
type Find = (context: Context) => Promise<Schedule>;

export const onConnector: Find = ({ deps, param }) => demandSchedule(deps.table, param('schedule'), param('connector'));

export const anywhere: Find = ({ deps, param }) => demandSchedule(deps.table, param('schedule'));

const defaultLogs = 50;
const mostLogs = 100;

const common = { fn: 'api', resource: 'schedule' } as const;

/** The routes of one schedule, below the path that lists them. */
export function oneSchedule(base: string, find: Find): RouteOf<'api', FlexorchAnswer>[] {
  const path = `${base}/{schedule}`;
  return [...readAndChange(path, find), ...runs(path, find)];
}

function readAndChange(path: string, find: Find): RouteOf<'api', FlexorchAnswer>[] {
  return [
    {
      ...common,
      method: 'GET',
      path,
      scope: 'read',
      summary: 'Read a schedule',
      answer: 'v1_schedule',
      handle: async (context) => success(await scheduleFace(context.deps, await find(context))),
    },
    {
      ...common,
      method: 'PATCH',
      path,
      scope: 'write',
      summary: 'Change the fields of a schedule that are given',
      answer: 'v1_schedule',
      ...withBody('schedule', scheduleChange, async (context: Context, input) => {
        const schedule = await find(context);
        demandSameConnector(input, schedule.connector.number);
        const changed = await changeSchedule(context.deps, schedule, readSchedule(input));
        return success(await scheduleFace(context.deps, changed));
      }),
    },
    {
      ...common,
      method: 'DELETE',
      path,
      scope: 'write',
      summary: 'Delete a schedule and what it catalogued',
      answer: 'v1_deleted',
      handle: async (context) => {
        const { row } = await find(context);
        await deleteDatasource(context.deps, row.id);
        return success({ deleted: true });
      },
    },
  ];
}

function runs(path: string, find: Find): RouteOf<'api', FlexorchAnswer>[] {
  return [
    {
      ...common,
      method: 'POST',
      path: `${path}/trigger`,
      scope: 'write',
      summary: 'Sync now; answers with the run, or with the one that is on',
      answer: 'v1_sync_started',
      success: 202,
      ...withoutBody(async (context: Context) => {
        const { row } = await find(context);
        const { run } = await requestRun(context.deps, { datasource: row.id, trigger: 'manual' });
        return accepted(syncLog(row, run));
      }),
    },
    {
      ...common,
      method: 'GET',
      path: `${path}/logs`,
      scope: 'read',
      summary: 'List the runs of a schedule, newest first',
      answer: 'v1_sync_logs',
      query: [{ name: 'limit', description: `how many, ${defaultLogs} by default, at most ${mostLogs}` }],
      handle: async (context) => logs(context, await find(context)),
    },
  ];
}

async function logs({ deps, query }: Context, { row }: Schedule): Promise<Reply> {
  const limit = readCount(query, 'limit', { from: 1, to: mostLogs }) ?? defaultLogs;
  const runs = await listRuns(deps.table, row.uid, deps.clock.now(), { limit });
  // A dry run found nothing new: it only said what a sync would.
  return success(runs.filter((run) => !run.dry_run).map((run) => syncLog(row, run)));
}
