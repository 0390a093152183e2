import { afterEach, beforeEach, expect, it } from 'vitest';
import { bucketFacts, bucketName, createSyncWorld, recordFacts, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
beforeEach(async () => {
  world = await createSyncWorld();
  for (const key of ['a', 'b', 'c', 'd']) world.s3.put(bucketName, key, { size: 1, lastModified: 1_700_000_000_000 });
});
afterEach(() => world.close());

/** S3 answers so to a HEAD that lacks the customer's key: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html */
const withoutTheirKey = { kind: 'status', status: 400, code: 'InvalidRequest' } as const;

it('objects under a key of the customer do not keep deletions beside them from being confirmed', async () => {
  const { id } = await world.addDatasource();
  await world.sync(id);
  world.s3.delete(bucketName, 'b');
  // The second question is the control: one of those that were listed.
  world.s3.faults.add({ when: { operation: 'HeadObject', nth: 2 }, act: withoutTheirKey });
  expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 1 } });
  expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
});
