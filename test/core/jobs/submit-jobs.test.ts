import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listJobs, readJob } from '#core/jobs/read-job.ts';
import { submitJobs } from '#core/jobs/submit-jobs.ts';
import { bucketName } from '#support/sync-world.ts';
import { createJobsWorld, type JobsWorld, tally } from './jobs-world.ts';

let world: JobsWorld;
beforeEach(async () => {
  world = await createJobsWorld();
});
afterEach(() => world.close());

const named = (count: number) => Array.from({ length: count }, (_, index) => `k/${index}`);

describe('how many keys', () => {
  test('given one, there is one job, with a number to ask for', async () => {
    const { accepted, rejected, jobs, job_ids } = await world.submit(await world.connector(), ['k/0']);
    expect({ accepted, rejected, job_ids }).toEqual({ accepted: 1, rejected: [], job_ids: [1] });
    expect(jobs).toEqual([{ filename: '0', key: 'k/0', job_id: 1, status: 'queued', document_id: null }]);
  });

  test('given 1,000, each has its job and comes to its end', { timeout: 60_000 }, async () => {
    for (const key of named(990)) world.s3.put(bucketName, key, { size: 1 });
    const { job_ids } = await world.submit(await world.connector(), named(1000));
    expect(job_ids).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));
    expect(world.sent).toHaveLength(20);
    await world.workOff();
    expect(tally(await world.jobs())).toEqual({ completed: 990, 'failed: object_missing': 10 });
  });

  test('given 1,001, or none, the request is refused and nothing is stored', async () => {
    const connector = await world.connector();
    for (const [keys, reason] of [
      [named(1001), 'must be at most 1,000 keys'],
      [[], 'must name at least one key'],
    ] as const) {
      const refused = { code: 'invalid_request', message: expect.stringContaining(reason) };
      expect(() => world.submit(connector, keys)).toThrow(expect.objectContaining(refused));
    }
    expect(await world.jobs()).toEqual([]);
  });

  test('given 1,000 keys as long as keys can be, they fit', async () => {
    const keys = named(1000).map((key) => key.padEnd(1024, 'x'));
    expect((await world.submit(await world.connector(), keys)).accepted).toBe(1000);
  });

  test('given duplicates, they are folded', async () => {
    const { accepted, jobs } = await world.submit(await world.connector(), ['b', 'a', 'b', 'a', 'b']);
    expect([accepted, jobs.map(({ key }) => key)]).toEqual([2, ['b', 'a']]);
  });

  test('given only keys that can never be processed, nothing is stored and nobody is sent for', async () => {
    const connector = await world.connector({ config: { prefix: 'in/' } });
    const { accepted, rejected, job_ids } = await world.submit(connector, ['', 'out', `in/${'x'.repeat(1022)}`]);
    expect([accepted, job_ids, rejected.map(({ error }) => error.slice(0, 20)), world.sent]).toEqual([
      0,
      [],
      ['a key must not be em', 'this key is outside ', 'a key has at most 1,'],
      [],
    ]);
    expect((await listJobs(world.deps, { page: 1, pageSize: 10 })).total).toBe(0);
  });
});

describe('who asks', () => {
  test('given two at once, each gets numbers of its own', async () => {
    const connector = await world.connector();
    const all = await Promise.all([1, 2, 3, 4].map((caller) => world.submit(connector, named(60 + caller))));
    const ids = all.flatMap(({ job_ids }) => job_ids).sort((one, other) => one - other);
    expect(ids).toEqual(Array.from({ length: 61 + 62 + 63 + 64 }, (_, index) => index + 1));
  });

  test('given a connector that is switched off, it is refused', async () => {
    const connector = await world.connector({ enabled: false });
    await expect(world.submit(connector, ['x'])).rejects.toMatchObject({ code: 'conflict' });
  });

  test('given a queue that takes no message, the jobs stand all the same, for the sweep to send', async () => {
    const connector = await world.connector();
    const jobs = { send: () => Promise.reject(new Error('no queue')) };
    const input = { source: { connector_id: 1, keys: ['x'] } };
    expect((await submitJobs({ ...world.deps, jobs }, connector, input)).accepted).toBe(1);
    expect(await world.job(1)).toMatchObject({ status: 'queued' });
  });

  test('given a condition of what is stored alongside that fails, nothing is stored', async () => {
    const connector = await world.connector();
    const taken = { pk: 'taken', sk: 'x' };
    await world.table.put(taken);
    const input = { source: { connector_id: 1, keys: ['x'] } };
    const alongside = () => [{ put: taken, condition: { type: 'absent' } as const }];
    await expect(submitJobs(world.deps, connector, input, alongside)).rejects.toMatchObject({ code: 'conflict' });
    expect(await world.jobs()).toEqual([]);
  });
});

describe('the list', () => {
  test('given jobs that wait and jobs that ended, the newest come first, page by page', async () => {
    const connector = await world.connector();
    await world.submit(connector, named(120));
    await world.workOff();
    await world.submit(connector, ['late', 'later']);
    const pages = await Promise.all([1, 2, 3, 4].map((page) => listJobs(world.deps, { page, pageSize: 50 })));
    expect(pages.map(({ items, total }) => [items.length, total])).toEqual([
      [50, 122],
      [50, 122],
      [22, 122],
      [0, 122],
    ]);
    const ids = pages.flatMap(({ items }) => items.map(({ job_id }) => job_id));
    expect(ids).toEqual(Array.from({ length: 122 }, (_, index) => 122 - index));
    expect(pages[0]?.items.slice(0, 3).map(({ status }) => status)).toEqual(['queued', 'queued', 'failed']);
  });

  test('given jobs of more than 30 days, they are not shown any more, removed or not', async () => {
    const connector = await world.connector();
    await world.submit(connector, named(70));
    await world.workOff();
    world.time.now += 20 * 86_400_000;
    await world.submit(connector, ['young']);
    await world.workOff();
    world.time.now += 11 * 86_400_000;
    expect(await listJobs(world.deps, { page: 1, pageSize: 50 })).toMatchObject({
      total: 1,
      items: [{ job_id: 71, key: 'young' }],
    });
    expect(await readJob(world.deps, 70)).toBeUndefined();
    world.time.now += 30 * 86_400_000;
    expect(await listJobs(world.deps, { page: 1, pageSize: 50 })).toEqual({ total: 0, items: [] });
  });
});
