import { describe, expect, test } from 'vitest';
import { documentId } from '#core/catalogue/document-id.ts';
import { handleJobs } from '#core/jobs/handle-jobs.ts';
import { jobEvents } from '#core/jobs/job-events.ts';
import { jobPartitionPrefix } from '#core/jobs/job-store.ts';
import type { JobDeps } from '#core/jobs/perform-jobs.ts';
import { sweepJobs } from '#core/jobs/sweep-jobs.ts';
import type { Bucket } from '#core/model/ports/bucket.ts';
import type { Item, ItemChange, Table } from '#core/model/ports/table.ts';
import { bucketName } from '#support/sync-world.ts';
import { createJobsWorld, type JobsWorld, tally } from './jobs-world.ts';

class Killed extends Error {}

/** Counts every call to the outside; the n-th one kills the worker, before or after it is carried out. */
function createExecutioner(at: number, when: 'before' | 'after') {
  let calls = 0;
  const guard = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    calls += 1;
    const now = calls === at;
    if (now && when === 'before') throw new Killed();
    const result = await call();
    if (now) throw new Killed();
    return result;
  };
  return { guard, calls: () => calls };
}

type Executioner = ReturnType<typeof createExecutioner>;

function doomed(deps: JobDeps, { guard }: Executioner): JobDeps {
  const { table, buckets, jobs, opener } = deps;
  const doomedTable: Table = {
    get: (key) => guard(() => table.get(key)),
    batchGet: (keys) => guard(() => table.batchGet(keys)),
    put: (item, condition) => guard(() => table.put(item, condition)),
    delete: (key, condition) => guard(() => table.delete(key, condition)),
    batchWrite: (writes) => guard(() => table.batchWrite(writes)),
    transact: (writes) => guard(() => table.transact(writes)),
    query: (query) => table.query(query),
  };
  const doomedBucket = (bucket: Bucket): Bucket => ({
    list: (request) => bucket.list(request),
    head: (key) => guard(() => bucket.head(key)),
    describe: (key) => guard(() => bucket.describe(key)),
    tags: (key) => guard(() => bucket.tags(key)),
    firstByte: (key) => guard(() => bucket.firstByte(key)),
    identify: () => guard(() => bucket.identify()),
    presign: (key, seconds) => bucket.presign(key, seconds),
    close: () => bucket.close(),
  });
  return {
    ...deps,
    table: doomedTable,
    buckets: { open: (target) => doomedBucket(buckets.open(target)) },
    jobs: { send: (message, options) => guard(() => jobs.send(message, options)) },
    opener: { open: (ciphertext, context) => guard(() => opener.open(ciphertext, context)) },
  };
}

const keys = ['fine', 'also fine', 'gone', 'cold', 'uncatalogued'];
const wanted = { completed: 3, 'failed: object_missing': 1, 'failed: object_archived': 1 };

async function prepare(world: JobsWorld): Promise<string> {
  for (const key of ['fine', 'also fine']) world.s3.put(bucketName, key, { metadata: { made: 'by hand' } });
  world.s3.put(bucketName, 'cold', { storageClass: 'GLACIER' });
  const connector = await world.connector();
  const { id } = await world.datasource(connector);
  await world.sync.sync(id);
  world.s3.put(bucketName, 'uncatalogued');
  await world.submit(connector, keys);
  world.sync.table.reset();
  return id;
}

/** Every write of a job's row that was applied, as the feed would tell it. */
function rowsWritten(world: JobsWorld): Item[] {
  const rows: Item[] = [];
  const { table } = world.sync;
  const put = table.put.bind(table);
  table.put = async (item, condition) => {
    await put(item, condition);
    if (item.pk.startsWith(jobPartitionPrefix)) rows.push(item);
  };
  return rows;
}

/** What the messages that are left, redelivered ones among them, bring to an end. */
async function survive(world: JobsWorld, message: unknown): Promise<void> {
  await handleJobs(world.deps, message);
  await world.workOff();
}

async function judge(world: JobsWorld, id: string, rows: readonly Item[]): Promise<void> {
  expect(tally(await world.jobs())).toEqual(wanted);
  expect(rows.map(({ sk }) => sk).sort()).toEqual([1, 2, 3, 4, 5].map((number) => String(number).padStart(16, '0')));
  const events = jobEvents(rows.map((row): ItemChange => ({ key: row, after: row })));
  expect(new Set(events.map((event) => event.id)).size).toBe(keys.length);
  const catalogue = await world.sync.catalogue(id);
  expect(catalogue.map((record) => record.sk)).toEqual(['also fine', 'cold', 'fine']);
  const enriched = catalogue.filter((record) => record.details?.user_metadata?.made === 'by hand');
  expect(enriched.map((record) => record.sk)).toEqual(['also fine', 'fine']);
  for await (const item of world.table.query({ pk: 'job-batch' })) expect(item).toBeUndefined();
}

function expectKilled(error: unknown): void {
  expect(error).toBeInstanceOf(Killed);
}

async function callsOfOneBatch(): Promise<number> {
  const world = await createJobsWorld();
  await prepare(world);
  const counter = createExecutioner(0, 'before');
  await handleJobs(doomed(world.deps, counter), world.sent.splice(0)[0]?.message);
  await world.close();
  return counter.calls();
}

describe('a worker that is killed', () => {
  test.each(['before', 'after'] as const)(
    'given it dies %s any call to the outside, each key has exactly one end, once its message comes again',
    { timeout: 120_000 },
    async (when) => {
      const calls = await callsOfOneBatch();
      expect(calls).toBeGreaterThan(20);
      for (let at = 1; at <= calls; at += 1) {
        const world = await createJobsWorld();
        const id = await prepare(world);
        const rows = rowsWritten(world);
        const message = world.sent.splice(0)[0]?.message;
        const executioner = createExecutioner(at, when);
        // A vault that fails is told as a Failure: the jobs wait for it, as they do for a source.
        await handleJobs(doomed(world.deps, executioner), message).catch(expectKilled);
        expect(executioner.calls()).toBeGreaterThanOrEqual(at);
        await survive(world, message);
        await judge(world, id, rows);
        await world.close();
      }
    },
  );

  test('given its message is lost with it, the sweep sends another after a while, and not before', async () => {
    const world = await createJobsWorld();
    const id = await prepare(world);
    const rows = rowsWritten(world);
    const message = world.sent.splice(0)[0]?.message;
    await handleJobs(doomed(world.deps, createExecutioner(12, 'before')), message).catch(() => undefined);
    world.time.now += 900_000;
    await sweepJobs(world.deps);
    expect(world.sent).toEqual([]);
    world.time.now += 60_000;
    await sweepJobs(world.deps);
    await sweepJobs(world.deps);
    expect(world.sent).toEqual([{ message, delaySeconds: 0 }]);
    await world.workOff();
    await judge(world, id, rows);
    world.time.now += 86_400_000;
    await sweepJobs(world.deps);
    expect(world.sent).toEqual([]);
    await world.close();
  });

  test('given a clock that was ahead when it died and is put right, the sweep sends the batch again', async () => {
    const world = await createJobsWorld();
    const right = world.time.now;
    world.time.now += 40 * 86_400_000;
    const id = await prepare(world);
    const rows = rowsWritten(world);
    const message = world.sent.splice(0)[0]?.message;
    await handleJobs(doomed(world.deps, createExecutioner(12, 'before')), message).catch(() => undefined);
    world.time.now = right;
    await sweepJobs(world.deps);
    await sweepJobs(world.deps);
    expect(world.sent).toEqual([{ message, delaySeconds: 0 }]);
    await world.workOff();
    await judge(world, id, rows);
    await world.close();
  });

  test('given it dies each time, the jobs end as failed at last', async () => {
    const world = await createJobsWorld();
    await prepare(world);
    const message = world.sent.splice(0)[0]?.message;
    const open = (): Bucket => {
      throw new Killed();
    };
    let deaths = 0;
    for (let delivery = 1; delivery <= 25; delivery += 1) {
      await handleJobs({ ...world.deps, buckets: { open } }, message).catch(() => {
        deaths += 1;
      });
    }
    expect(deaths).toBe(20);
    expect(tally(await world.jobs())).toEqual({ 'failed: internal': keys.length });
    await world.close();
  });
});

describe('messages that come more than once', () => {
  test('given a batch that has ended, its message does nothing at all', async () => {
    const world = await createJobsWorld();
    await prepare(world);
    const message = world.sent[0]?.message;
    await world.workOff();
    const requests = world.s3.requests.length;
    world.sync.table.reset();
    await handleJobs(world.deps, message);
    await handleJobs(world.deps, { type: 'jobs', first: 999 });
    expect([world.s3.requests.length, world.sync.table.writes, world.sent]).toEqual([requests, 0, []]);
    await world.close();
  });

  test('given two workers at one batch, each key has one end', async () => {
    const world = await createJobsWorld();
    const id = await prepare(world);
    const rows = rowsWritten(world);
    const message = world.sent.splice(0)[0]?.message;
    const late = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      await handleJobs(world.deps, message);
    };
    await Promise.all([handleJobs(world.deps, message), handleJobs(world.deps, message), late(), late()]);
    await world.workOff();
    await judge(world, id, rows);
    await world.close();
  });
});

test('given the document of a job, it is the longest prefix that takes the key in', async () => {
  const world = await createJobsWorld();
  const connector = await world.connector();
  const wide = await world.datasource(connector);
  const deep = await world.datasource(connector, { config: { prefix: 'a/b/', extensions: ['pdf'] } });
  const other = await world.datasource(await world.connector(), { config: { prefix: 'a/b/c/' } });
  await world.datasource(connector, { config: { prefix: 'a/', bucket: 'another-bucket', ...ownKeys(world) } });
  const { jobs } = await world.submit(connector, ['a/b/c/x.pdf', 'a/b/c/x.txt', 'a/y.pdf']);
  expect(jobs.map(({ document_id }) => document_id)).toEqual([
    documentId(deep.id, 'a/b/c/x.pdf'),
    documentId(wide.id, 'a/b/c/x.txt'),
    documentId(wide.id, 'a/y.pdf'),
  ]);
  expect(JSON.stringify(jobs)).not.toContain(`"${other.id}.`);
  await world.close();
});

function ownKeys({ s3 }: JobsWorld) {
  const { accessKeyId: access_key_id, secretAccessKey: secret_access_key } = s3.credentials;
  return { endpoint: s3.endpoint, use_ssl: false, access_key_id, secret_access_key };
}
