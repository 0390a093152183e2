import { afterEach, beforeEach, expect, it } from 'vitest';
import { documentId } from '#core/catalogue/document-id.ts';
import { documentUrl } from '#core/documents/document-url.ts';
import { bucketName, createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
beforeEach(async () => {
  world = await createSyncWorld();
});
afterEach(() => world.close());

async function urlOf(key: string): Promise<string> {
  const { id } = await world.addDatasource();
  await world.sync(id);
  world.s3.clearRequests();
  return documentUrl(world.deps, documentId(id, key), 60);
}

it.each(['GLACIER', 'DEEP_ARCHIVE'])(
  'given an object in %s, it says that it has to be restored',
  async (storageClass) => {
    world.s3.put(bucketName, 'cold', { storageClass });
    await expect(urlOf('cold')).rejects.toMatchObject({
      code: 'object_archived',
      message: expect.stringContaining('restore it in S3 first'),
    });
  },
);

it.each(['INTELLIGENT_TIERING', 'GLACIER_IR', 'STANDARD'])(
  'given an object in %s, its URL is given',
  async (storageClass) => {
    world.s3.put(bucketName, 'warm', { storageClass });
    expect(await urlOf('warm')).toContain('/warm?');
  },
);

it('given an archived object that is gone from the bucket, the URL is given: following it tells', async () => {
  world.s3.put(bucketName, 'cold', { storageClass: 'GLACIER' });
  const { id } = await world.addDatasource();
  await world.sync(id);
  world.s3.delete(bucketName, 'cold');
  expect(await documentUrl(world.deps, documentId(id, 'cold'), 60)).toContain('/cold?');
});
