import type { Acting } from '#core/audit/audit-write.ts';
import { type CreateRequest, createOnce } from '#core/idempotency/create-once.ts';
import type { Demand } from '#core/model/row-tag.ts';
import { changeDatasource, createDatasource } from '#core/registry/changes/save-datasource.ts';
import type { ConnectorRow } from '#core/registry/connector.ts';
import type { DatasourcePatch, DatasourceRow, SyncInput } from '#core/registry/datasource.ts';
import { readDatasource } from '#core/registry/datasource-store.ts';
import type { ApiDeps } from '../table/deps.ts';
import { isActive, prefixOf, type Schedule } from './schedule-face.ts';
import type { ScheduleWish } from './schedule-input.ts';

/** Cron without a zone is UTC here, whatever zone was there before. */
const cronZone = 'UTC';

/** Creates a datasource on a connector, with its prefix unless the wish has one, or finds what the same request made. */
export async function createSchedule(
  deps: ApiDeps & Acting,
  connector: ConnectorRow,
  wish: ScheduleWish,
  request: CreateRequest,
): Promise<Schedule> {
  const input = {
    type: 'connector',
    name: wish.name ?? connector.name,
    connector: { id: connector.id, config: { prefix: wish.prefix ?? undefined } },
    sync: { ...timingOf(wish), enabled: wish.active ?? true },
  } as const;
  const row = await createOnce(deps, request, {
    read: async (id) => {
      const row = await readDatasource(deps.table, id);
      // One that was given another connector since is not what was asked for here.
      return row?.connector.id === connector.id ? row : undefined;
    },
    create: (alongside) => createDatasource(deps, input, alongside),
  });
  return { row, connector };
}

/** Changes what the wish mentions. What an answer said, sent back as it was, changes nothing. */
export async function changeSchedule(
  deps: ApiDeps & Acting,
  schedule: Schedule,
  wish: ScheduleWish,
  demand?: Demand,
): Promise<Schedule> {
  const { connector } = schedule;
  // By the row that is changed: the one that was found may be another by now.
  const inputFor = (row: DatasourceRow): DatasourcePatch => patchOf({ row, connector }, wish);
  return { connector, row: await changeDatasource(deps, schedule.row.id, inputFor, demand) };
}

function patchOf(schedule: Schedule, wish: ScheduleWish): DatasourcePatch {
  const sync = schedule.row.sync;
  const sameCron = wish.cron === sync.cron && (wish.timezone ?? sync.timezone) === sync.timezone;
  const sameZone = wish.cron === undefined && wish.timezone === sync.timezone;
  const timing = sameCron || sameZone ? { interval: wish.interval } : timingOf(wish);
  // An inherited prefix that comes back stays inherited.
  const keepsPrefix = wish.prefix === undefined || wish.prefix === prefixOf(schedule);
  // Whichever of the two switches is off, both of them may be as they are.
  const active = wish.active === isActive(schedule) ? undefined : wish.active;
  return {
    ...(wish.name === undefined ? {} : { name: wish.name }),
    ...(keepsPrefix ? {} : { connector: { config: { prefix: wish.prefix } } }),
    ...(active === true ? { enabled: true } : {}),
    sync: { ...timing, enabled: active },
  };
}

function timingOf({ cron, interval, timezone }: ScheduleWish): SyncInput {
  if (cron !== undefined) return { cron, timezone: timezone ?? cronZone };
  return { interval, timezone };
}
