import { Construct } from 'constructs';
import type { StackConfig } from '../config/config.ts';
import { Alarms, type DeadLetterQueues } from './alarms.ts';
import { Dashboard } from './dashboard.ts';
import type { DataTable } from './data-table.ts';
import type { HttpApi } from './http-api.ts';
import type { ScheduleGroup } from './schedule-group.ts';
import type { StocktakeFunction } from './stocktake-function.ts';
import { SyncMetrics } from './sync-metrics.ts';
import type { WorkQueue } from './work-queue.ts';

type AnyFunction = StocktakeFunction<Record<string, string>>;

type OperationsProps = {
  readonly config: StackConfig;
  readonly functions: Readonly<Record<'api' | 'probe' | 'sync' | 'schedules' | 'publisher' | 'jobs', AnyFunction>>;
  readonly data: DataTable;
  readonly work: WorkQueue;
  readonly http: HttpApi;
  readonly group: ScheduleGroup;
  readonly deadLetters: DeadLetterQueues;
};

/** What an operator looks at: metrics of syncs, alarms and a dashboard. */
export class Operations extends Construct {
  readonly alarms: Alarms;
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, props: OperationsProps) {
    super(scope, id);
    const { config, functions, data, work, http, group, deadLetters } = props;
    const { namePrefix } = config;
    const watched = {
      metrics: new SyncMetrics(this, 'Metrics', {
        logGroup: functions.sync.logGroup,
        sweepLogGroup: functions.schedules.logGroup,
        namePrefix,
      }),
      functions: Object.values(functions),
      table: data.table,
      workQueue: work.queue,
      apiId: http.apiId,
      scheduleGroup: group.name,
    };
    const streamReaders = [functions.schedules, functions.publisher];
    this.alarms = new Alarms(this, 'Alarms', { ...watched, config, streamReaders, deadLetters });
    this.dashboard = new Dashboard(this, 'Dashboard', { ...watched, name: namePrefix });
  }
}
