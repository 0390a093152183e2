import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readLease } from '#core/lease/lease.ts';
import { parseInput } from '#core/model/parse-input.ts';
import { createConnector } from '#core/registry/changes/save-connector.ts';
import { createDatasource } from '#core/registry/changes/save-datasource.ts';
import { connectorInput } from '#core/registry/connector.ts';
import { type DatasourceRow, datasourceInput } from '#core/registry/datasource.ts';
import { readDatasource } from '#core/registry/datasource-store.ts';
import type { RunRow } from '#core/runs/run.ts';
import { listRuns } from '#core/runs/run-store.ts';
import { datasourceSource } from '#http/coco/datasource-source.ts';
import { composeLocal, type LocalStocktake } from '#local/compose.ts';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';
import { createRecordingLog } from '#support/recording-log.ts';
import { somebody } from '#support/somebody.ts';
import { createVirtualTime, type VirtualTime } from '#support/virtual-time.ts';

const START = Date.parse('2026-03-01T06:00:30Z');
const DAY = 86_400_000;
const MINUTE = 60_000;
const AHEAD = 40 * DAY;

let folder: string;
let s3: S3Server;
let time: VirtualTime;
let log: ReturnType<typeof createRecordingLog>;
let stocktake: LocalStocktake;
let connectorId: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stocktake-clock-'));
  s3 = await startS3Server();
  s3.createBucket('stock');
  s3.put('stock', 'a.txt');
  time = createVirtualTime(START);
  await boot();
  const { accessKeyId: access_key_id, secretAccessKey: secret_access_key } = s3.credentials;
  const config = { bucket: 'stock', endpoint: s3.endpoint, use_ssl: false, access_key_id, secret_access_key };
  const input = parseInput(connectorInput, { name: 'stock', config }, 'the connector');
  connectorId = (await createConnector({ ...somebody, ...stocktake.deps }, input)).id;
});

afterEach(async () => {
  await stocktake.stop();
  await s3.close();
  rmSync(folder, { recursive: true, force: true });
});

async function boot(): Promise<void> {
  log = createRecordingLog();
  stocktake = await composeLocal({ privateEndpoints: true, dataFolder: folder, log, time });
  await stocktake.start();
}

async function add(id: string, sync: object, config: object = {}): Promise<DatasourceRow> {
  const body = { id, type: 'connector', name: id, connector: { id: connectorId, config }, sync };
  const deps = { ...somebody, ...stocktake.deps, minimumIntervalSeconds: 10 };
  const row = await createDatasource(deps, parseInput(datasourceInput, body, 'the datasource'));
  await settled();
  return row;
}

/** All datasources of these tests, by how they are scheduled. */
const ids = ['rate', 'cron', 'slots', 'failing', 'made-ahead'];

async function rows(): Promise<DatasourceRow[]> {
  const found = await Promise.all(ids.map((id) => readDatasource(stocktake.table, id)));
  return found.filter((row) => row !== undefined);
}

async function runsOf({ uid }: DatasourceRow): Promise<RunRow[]> {
  return await listRuns(stocktake.table, uid, time.clock.now(), { limit: 200 });
}

/** What runs over sockets has come to its end: the clock waits for it. */
async function settled(): Promise<void> {
  const isOn = async (): Promise<boolean> => {
    await time.advance(0);
    const leases = await Promise.all((await rows()).map(({ uid }) => readLease(stocktake.table, uid)));
    return leases.some(({ run, expires_at }) => run !== undefined && expires_at > time.clock.now());
  };
  await expect.poll(isOn, { timeout: 20_000, interval: 5 }).toBe(false);
}

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10_000) {
    await time.advance(Math.min(10_000, ms - passed));
    await settled();
  }
}

/** Schedules of all kinds at work, then the clock 40 days ahead while everything writes, then right again. */
async function liveThroughIt(putRight: (now: number) => Promise<void>): Promise<number> {
  await add('rate', { interval: '1m' });
  await add('cron', { cron: '* * * * *' });
  await add('slots', { interval: '20s' });
  await add('failing', { interval: '1m' }, { bucket: 'nowhere' });
  await pass(3 * MINUTE);
  time.set(time.clock.now() + AHEAD);
  await add('made-ahead', { interval: '1m' });
  await pass(5 * MINUTE);
  const right = time.clock.now() - AHEAD;
  await putRight(right);
  return right;
}

const restarted = async (right: number): Promise<void> => {
  await stocktake.stop();
  time = createVirtualTime(right);
  await boot();
};

test.each([
  ['while it runs', async (right: number) => time.set(right)],
  ['over a restart', restarted],
])(
  'given a clock that was ahead by 40 days and is put right %s, then all schedules fire within a minute, in order',
  async (_how, putRight) => {
    const right = await liveThroughIt(putRight);
    await pass(2 * MINUTE);

    for (const row of await rows()) {
      const runs = await runsOf(row);
      const began = runs.map(({ started_at }) => Date.parse(started_at ?? ''));
      const since = began.filter((at) => at >= right && at <= right + 2 * MINUTE);
      expect(since.length, `runs of ${row.id} after the clock was put right`).toBeGreaterThan(0);
      expect(Math.min(...since), row.id).toBeLessThanOrEqual(right + MINUTE);
      // Newest first: all that came after the clock was put right stand before all that came while it was ahead
      const firstAhead = began.findIndex((at) => at > right + DAY);
      expect(began.slice(0, since.length), row.id).toEqual(since.sort((one, other) => other - one));
      expect(firstAhead, row.id).toBe(row.id === 'made-ahead' || firstAhead >= 0 ? since.length : -1);
      expect(new Set(runs.map(({ status }) => status)).has('running'), row.id).toBe(false);
    }
    const warnings = log.lines.filter(({ fact }) => fact === 'the clock was ahead and has been put right');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.fields).toMatchObject({ ahead_s: expect.any(Number) });
  },
);

test('given a clock that was ahead and is put right, then the next run and the end of a backoff are told as they will be', async () => {
  await liveThroughIt(async (right) => time.set(right));
  await pass(2 * MINUTE);
  for (const row of await rows()) {
    const source = await datasourceSource(stocktake.deps, row);
    const { schedule, health } = source as {
      schedule: { next_run_at: string };
      health: { status: string; retry_at?: string };
    };
    const now = time.clock.now();
    const next = Date.parse(schedule.next_run_at);
    expect(next, row.id).toBeGreaterThan(now);
    expect(health.status).toBe(row.id === 'failing' ? 'failing' : 'healthy');
    if (health.retry_at === undefined) expect(next, row.id).toBeLessThanOrEqual(now + MINUTE);
    else {
      const retry = Date.parse(health.retry_at);
      expect(retry, row.id).toBeLessThanOrEqual(now + DAY);
      expect(next, row.id).toBeGreaterThanOrEqual(retry);
      expect(next, row.id).toBeLessThanOrEqual(retry + MINUTE);
    }
  }
});
