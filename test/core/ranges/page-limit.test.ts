import { expect, it } from 'vitest';
import { bucketName, createSyncWorld } from '#support/sync-world.ts';

it('a listing that goes on beyond the limit of pages ends the run with its own message, and keeps what it added', async () => {
  const world = await createSyncWorld({ settings: { rangePageLimit: 3 } });
  for (let index = 0; index < 50; index += 1) world.s3.put(bucketName, `key-${index + 10}`, { size: index });
  const { id } = await world.addDatasource({ sync: { page_size: 10 } });
  const run = await world.sync(id);
  expect(run).toMatchObject({
    status: 'failed',
    error: { code: 'run_page_limit' },
    counters: { added: 30, deleted: 0 },
  });
  expect(run.message).toContain('3 pages without an end');
  expect(await world.catalogue(id)).toHaveLength(30);
  await world.close();
});
