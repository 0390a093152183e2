import { createRandomIds } from '#adapters/process/random-ids.ts';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { parseInput } from '#core/model/parse-input.ts';
import type { Table } from '#core/model/ports/table.ts';
import { deleteDatasource } from '#core/registry/changes/delete-datasource.ts';
import { createDatasource, updateDatasourceFields } from '#core/registry/changes/save-datasource.ts';
import { type DatasourceRow, datasourceInput, datasourcePatch } from '#core/registry/datasource.ts';
import { readDatasource } from '#core/registry/datasource-store.ts';
import type { SchedulesSweepDeps } from '#core/schedules/reconcile-all-schedules.ts';
import { readAck, type ScheduleAck } from '#core/schedules/schedule-ack.ts';
import { noRoles } from '#support/fake-roles.ts';
import { createRecordingLog } from '#support/recording-log.ts';
import { createSchedulerModel, type SchedulerModel } from '#support/scheduler-model.ts';
import { somebody } from '#support/somebody.ts';

export const startOfTime = Date.parse('2026-11-22T07:00:00Z');

export type ScheduleWorld = {
  readonly deps: SchedulesSweepDeps & { readonly log: ReturnType<typeof createRecordingLog> };
  readonly table: Table;
  readonly scheduler: SchedulerModel;
  /** Moves the clock; each of the calls below moves it by a second. */
  wait(ms: number): void;
  create(id: string, sync?: object, rest?: object): Promise<DatasourceRow>;
  change(id: string, patch: object): Promise<DatasourceRow>;
  remove(id: string): Promise<void>;
  row(id: string): Promise<DatasourceRow>;
  ack(id: string): Promise<ScheduleAck | undefined>;
  close(): void;
};

/** The real use cases of datasources over a table in memory, and a model of Scheduler, on one clock that is set by hand. */
export function createScheduleWorld(wrap: (table: Table) => Table = (table) => table): ScheduleWorld {
  let now = startOfTime;
  const clock = { now: () => now };
  const sqlite = openSqliteTable(':memory:');
  const table = wrap(sqlite);
  const scheduler = createSchedulerModel(clock);
  const log = createRecordingLog();
  const sealer = { seal: async (text: string) => text };
  const ids = createRandomIds();
  const saving = { ...somebody, ...noRoles, table, sealer, clock, ids, minimumIntervalSeconds: 10 };
  const config = { bucket: 'sample-bucket', endpoint: 's3.example.com', access_key_id: 'AK', secret_access_key: 'SK' };
  const wait = (ms: number): void => {
    now += ms;
  };
  return {
    deps: { table, schedules: scheduler.schedules, clock, ids, log, holder: 'one', isAlive: () => true },
    table,
    scheduler,
    wait,
    create(id, sync = { interval: '1h' }, rest = {}) {
      wait(1000);
      const body = { id, type: 'connector', name: id, connector: { id: 's3', config }, sync, ...rest };
      return createDatasource(saving, parseInput(datasourceInput, body, 'the datasource'));
    },
    change(id, patch) {
      wait(1000);
      return updateDatasourceFields(saving, id, parseInput(datasourcePatch, patch, 'the datasource'));
    },
    async remove(id) {
      wait(1000);
      await deleteDatasource({ ...saving, queue: { send: async () => undefined } }, id);
    },
    async row(id) {
      const row = await readDatasource(table, id);
      if (row === undefined) throw new Error(`there is no datasource ${id}`);
      return row;
    },
    ack: (id) => readAck(table, id),
    close: () => sqlite.close(),
  };
}
