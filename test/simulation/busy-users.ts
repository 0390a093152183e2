import { parseInput } from '#core/model/parse-input.ts';
import { deleteDatasource } from '#core/registry/changes/delete-datasource.ts';
import { createDatasource, updateDatasourceFields } from '#core/registry/changes/save-datasource.ts';
import { datasourceInput, datasourcePatch } from '#core/registry/datasource.ts';
import { approveRun } from '#core/runs/approve-run.ts';
import { cancelRun } from '#core/runs/cancel-run.ts';
import { requestRun } from '#core/runs/request-run.ts';
import type { RandomSource } from './random-source.ts';
import type { Simulation } from './simulation.ts';
import type { UserWatch } from './user-watch.ts';

/** Those who use a simulated Stocktake, and those who use its buckets. */
export type BusyUsers = {
  create(id: string): void;
  change(id: string, patch: object): void;
  /** Has a datasource sync at one of the shortest intervals, for some minutes. */
  hurry(id: string): void;
  /** Does one thing or another to a datasource. */
  act(id: string): void;
  /** Puts, overwrites or removes an object of a bucket. */
  touch(bucket: string): void;
  /** Removes most of a bucket. */
  empty(bucket: string): void;
};

const minute = 60_000;

/** Mostly long intervals: what costs is how often something runs. The short ones come for minutes, in `hurry`. */
const policies: readonly object[] = [
  { interval: '1h' },
  { interval: '3h' },
  { interval: '6h' },
  { interval: '12h' },
  { interval: '1d' },
  { interval: '90m' },
  { cron: '17 */4 * * *' },
  { cron: '0 6 * * *', timezone: 'Europe/Berlin' },
  { strategy: 'manual' },
];

const consoleEdits = [
  { state: 'disabled' },
  { state: 'enabled' },
  { expression: 'rate(2 hours)' },
  { expression: 'rate(7 hours)' },
  { expression: 'rate(720 minutes)' },
  { expression: 'cron(0 6 L * ? *)' },
  { expression: 'cron(0 7 * * ? *)', timezone: 'Asia/Tokyo' },
  { expression: 'rate(4 hours)', state: 'disabled' },
  { startAt: 0 },
  { input: '{}' },
] as const;

export function createBusyUsers(
  simulation: Simulation,
  users: UserWatch,
  buckets: readonly string[],
  random: RandomSource,
  /** When all of them go home, epoch milliseconds: what they meant to do later they leave. */
  until: number,
): BusyUsers {
  const { system, datasources, runs } = simulation;
  const later = (milliseconds: number, act: () => void): void =>
    void system.time.after(milliseconds, () => system.now() < until && act());
  let named = 0;

  const patch = (id: string, fields: object): void =>
    system.asUser((deps) => updateDatasourceFields(deps, id, parseInput(datasourcePatch, fields, 'the datasource')));
  const create = (id: string): void => {
    const config = {
      ...{
        bucket: random.pick(buckets),
        endpoint: 's3.us-east-1.amazonaws.com',
        access_key_id: 'AK',
        secret_access_key: 'SK',
      },
      ...random.pick([{}, {}, { prefix: 'a/' }, { extensions: ['txt'] }]),
    };
    const sync = { ...random.pick(policies), page_size: random.pick([4, 10, 1000]), first_load_events: true };
    if (random.chance(0.4)) sync.first_load_events = false;
    const body = { id, type: 'connector', name: id, connector: { id: 's3', config }, sync };
    system.asUser((deps) => createDatasource(deps, parseInput(datasourceInput, body, 'the datasource')));
  };
  const hurry = (id: string): void => {
    patch(id, { sync: { interval: random.pick(['10s', '15s', '30s', '1m']) } });
    later(random.between(3, 10) * minute, () => patch(id, { sync: random.pick(policies) }));
  };
  const move = (id: string): void => {
    patch(id, { connector: { config: { bucket: random.pick(buckets), secret_access_key: 'SK' } } });
  };
  const narrow = (id: string): void => {
    const config = random.pick([{ prefix: 'a/' }, { prefix: '' }, { extensions: ['txt'] }, { extensions: [] }]);
    patch(id, { connector: { config } });
  };
  const remake = (id: string): void => {
    system.asUser((deps) => deleteDatasource(deps, id));
    later(random.pick([50, 3000, minute, 30 * minute]), () => create(id));
  };
  const cancel = (id: string): void => {
    const open = runs.openRun(datasources.rows.get(id)?.uid ?? '');
    if (open !== undefined) system.asUser((deps) => cancelRun(deps, id, open.id));
  };
  const approve = (id: string): void => {
    const held = runs.of(datasources.rows.get(id)?.uid ?? '').findLast(({ row }) => row.status === 'held');
    if (held !== undefined) system.asUser((deps) => approveRun(deps, id, held.id));
  };
  const request = (id: string, dryRun: boolean): void =>
    system.asUser((deps) => requestRun(deps, { datasource: id, trigger: 'api', dryRun }));
  const rename = (id: string): void => {
    named += 1;
    patch(id, { name: `name ${named}` });
  };
  const actions: readonly ((id: string) => void)[] = [
    (id) => patch(id, { sync: random.pick(policies) }),
    (id) => patch(id, random.pick([{ enabled: false }, { enabled: true, sync: { enabled: true } }])),
    (id) => patch(id, { sync: { enabled: random.chance(0.6) } }),
    (id) => void users.edit(id, random.pick(consoleEdits)),
    (id) => void users.edit(id, random.pick(consoleEdits)),
    (id) => void users.deleteSchedule(id),
    ...[hurry, rename, narrow, move, remake, cancel, cancel, approve, approve],
    (id) => request(id, false),
    (id) => request(id, false),
    (id) => request(id, true),
  ];
  return {
    create,
    change: patch,
    hurry,
    act: (id) => random.pick(actions)(id),
    touch: (bucket) => touch(simulation, bucket, random),
    empty(bucket) {
      for (const { key } of [...system.buckets.model(bucket).objects()]) {
        if (random.chance(0.7)) system.buckets.remove(bucket, key);
      }
    },
  };
}

function touch({ system: { buckets } }: Simulation, bucket: string, random: RandomSource): void {
  const present = buckets.model(bucket).objects();
  const kind = present.length > 60 ? 'remove' : random.pick(['add', 'add', 'modify', 'remove'] as const);
  if (kind === 'add' || present.length === 0) {
    buckets.put(bucket, `${random.pick(['a/', 'b/', ''])}${random.between(1, 400)}.${random.pick(['txt', 'pdf'])}`);
  } else if (kind === 'modify') buckets.put(bucket, random.pick(present).key);
  else buckets.remove(bucket, random.pick(present).key);
}
