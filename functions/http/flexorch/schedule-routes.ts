import { withBody } from '../body/route-body.ts';
import type { ApiDeps } from '../table/deps.ts';
import type { RequestContext, RouteOf } from '../table/route.ts';
import type { FlexorchAnswer } from './answer-schemas.ts';
import { demandConnector } from './connector-face.ts';
import { createRequest } from './create-request.ts';
import { created, success } from './envelope.ts';
import { anywhere, onConnector, oneSchedule } from './one-schedule-routes.ts';
import { createSchedule } from './save-schedule.ts';
import { listSchedules, scheduleFace, scheduleFaces } from './schedule-face.ts';
import { demandSameConnector, newSchedule, newScheduleOnConnector, readNewSchedule } from './schedule-input.ts';

type Context = RequestContext<ApiDeps>;

/** The connector's own schedules: FlexOrch's older form. */
const nested: readonly RouteOf<'api', FlexorchAnswer>[] = [
  {
    method: 'POST',
    path: '/v1/connectors/{connector}/schedules',
    scope: 'write',
    fn: 'api',
    costly: true,
    resource: 'connector',
    summary: 'Create a schedule on a connector',
    answer: 'v1_schedule',
    success: 201,
    tagged: true,
    idempotent: true,
    ...withBody('schedule', newSchedule, async (context: Context, input) => {
      const { deps, param } = context;
      const connector = await demandConnector(deps.table, param('connector'));
      demandSameConnector(input, connector.number);
      const request = createRequest(context, `POST /v1/connectors/${connector.number}/schedules`);
      const schedule = await createSchedule(deps, connector, readNewSchedule(input), request);
      return created(await scheduleFace(deps, schedule));
    }),
  },
  {
    method: 'GET',
    path: '/v1/connectors/{connector}/schedules',
    scope: 'read',
    fn: 'api',
    resource: 'connector',
    summary: 'List the schedules on a connector',
    answer: 'v1_schedules',
    handle: async ({ deps, param }) => {
      const connector = await demandConnector(deps.table, param('connector'));
      return success(await scheduleFaces(deps, await listSchedules(deps.table, connector)));
    },
  },
];

/** All schedules, whatever their connector: FlexOrch's newer form. */
const flat: readonly RouteOf<'api', FlexorchAnswer>[] = [
  {
    method: 'POST',
    path: '/v1/scheduler/schedules',
    scope: 'write',
    fn: 'api',
    costly: true,
    summary: 'Create a schedule on the connector that the body names',
    answer: 'v1_schedule',
    success: 201,
    tagged: true,
    idempotent: true,
    ...withBody('schedule', newScheduleOnConnector, async (context: Context, input) => {
      const { deps } = context;
      const connector = await demandConnector(deps.table, input.connector_id);
      const request = createRequest(context, 'POST /v1/scheduler/schedules');
      const schedule = await createSchedule(deps, connector, readNewSchedule(input), request);
      return created(await scheduleFace(deps, schedule));
    }),
  },
  {
    method: 'GET',
    path: '/v1/scheduler/schedules',
    scope: 'read',
    fn: 'api',
    summary: 'List all schedules',
    answer: 'v1_schedules',
    handle: async ({ deps }) => success(await scheduleFaces(deps, await listSchedules(deps.table))),
  },
];

export const scheduleRoutes: readonly RouteOf<'api', FlexorchAnswer>[] = [
  ...nested,
  ...oneSchedule('/v1/connectors/{connector}/schedules', onConnector),
  ...flat,
  ...oneSchedule('/v1/scheduler/schedules', anywhere),
];
