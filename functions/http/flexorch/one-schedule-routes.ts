import { deleteOnce } from '#core/idempotency/delete-once.ts';
import { type Demand, demandTag } from '#core/model/row-tag.ts';
import { deleteDatasource } from '#core/registry/changes/delete-datasource.ts';
import { datasourceTag } from '#core/registry/registry-tag.ts';
import { listRuns } from '#core/runs/run-store.ts';
import { withBody, withoutBody } from '../body/route-body.ts';
import { underIfMatch } from '../steps/if-match.ts';
import { readCount } from '../steps/query-parameters.ts';
import type { ApiDeps } from '../table/deps.ts';
import type { Reply, RequestContext, RouteOf } from '../table/route.ts';
import type { FlexorchAnswer } from './answer-schemas.ts';
import { createRequest, requestTo } from './create-request.ts';
import { accepted, row, success } from './envelope.ts';
import { changeSchedule } from './save-schedule.ts';
import { demandSchedule, type Schedule, scheduleFace } from './schedule-face.ts';
import { demandSameConnector, readSchedule, scheduleChange } from './schedule-input.ts';
import { syncLog } from './sync-log.ts';
import { noteShown, triggerOnce } from './trigger-once.ts';

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
  return [...readAndChange(path, find), removal(path, find), ...runs(path, find)];
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
      tagged: true,
      handle: async (context) => row((await shown(context, find)).state),
    },
    {
      ...common,
      method: 'PATCH',
      path,
      scope: 'write',
      costly: true,
      summary: 'Change the fields of a schedule that are given',
      answer: 'v1_schedule',
      tagged: true,
      conditional: true,
      ...withBody('schedule', scheduleChange, (context: Context, input) => {
        const change = async (demand?: Demand) => {
          const schedule = await find(context);
          demandSameConnector(input, schedule.connector.number);
          const changed = await changeSchedule(context.deps, schedule, readSchedule(input), demand);
          return row(await scheduleFace(context.deps, changed));
        };
        return underIfMatch(context, change, () => shown(context, find), input.version);
      }),
    },
  ];
}

function removal(path: string, find: Find): RouteOf<'api', FlexorchAnswer> {
  return {
    ...common,
    method: 'DELETE',
    path,
    scope: 'manage',
    scopeBefore: 'write',
    summary: 'Delete a schedule and what it catalogued',
    answer: 'v1_deleted',
    conditional: true,
    handle: (context) => {
      const { deps } = context;
      const remove = async (demand?: Demand) => {
        await deleteOnce(deps, requestTo(context, `DELETE ${path}`), {
          find: () => find(context),
          judge: (schedule) => demandTag(demand, datasourceTag(schedule.row), `schedule ${schedule.row.number}`),
          remove: ({ row: { id } }) => deleteDatasource(deps, id, demand),
        });
        return success({ deleted: true });
      };
      return underIfMatch(context, remove, () => shown(context, find));
    },
  };
}

async function shown(context: Context, find: Find) {
  const state = await scheduleFace(context.deps, await find(context));
  return { state, tag: state.version };
}

function runs(path: string, find: Find): RouteOf<'api', FlexorchAnswer>[] {
  return [
    {
      ...common,
      method: 'POST',
      path: `${path}/trigger`,
      costly: true,
      scope: 'write',
      summary:
        'Sync now; answers with the run that is on or that the same request started (by Idempotency-Key, else in 90 s)',
      answer: 'v1_sync_started',
      success: 202,
      ...withoutBody(async (context: Context) => {
        const { key } = createRequest(context, `POST ${path}`);
        const schedule = await find(context);
        return accepted(syncLog(schedule.row, await triggerOnce(context.deps, schedule, key)));
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

async function logs({ deps, query }: Context, schedule: Schedule): Promise<Reply> {
  const { row } = schedule;
  const limit = readCount(query, 'limit', { from: 1, to: mostLogs }) ?? defaultLogs;
  const runs = await listRuns(deps.table, row.uid, deps.clock.now(), { limit });
  await noteShown(deps, schedule, runs);
  // A dry run found nothing new: it only said what a sync would.
  return success(runs.filter((run) => !run.dry_run).map((run) => syncLog(row, run)));
}
