import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '#local/demo/s3-server/faults.ts';
import { bucketFacts, bucketName, createSyncWorld, recordFacts, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
beforeEach(async () => {
  world = await createSyncWorld();
  for (let index = 0; index < 25; index += 1) {
    world.s3.put(bucketName, `key-${String(index).padStart(2, '0')}`, {
      body: `${index}`,
      lastModified: 1_700_000_000_000,
    });
  }
});
afterEach(() => world.close());

const faults: [string, Fault, string, RegExp][] = [
  ['a 403', { kind: 'status', status: 403, code: 'AccessDenied' }, 'access_denied', /s3:ListBucket/],
  ['an empty 200', { kind: 'empty' }, 'listing_not_proved', /no XML document.*Check that the endpoint/],
  ['an HTML 200', { kind: 'html' }, 'listing_not_proved', /web page.*Check that the endpoint/],
  ['a repeated token', { kind: 'token-repeated' }, 'listing_not_proved', /came twice|order|continuation token/],
  ['another bucket', { kind: 'bucket-name', name: 'other' }, 'listing_not_proved', /bucket "other"/],
  ['a document cut short', { kind: 'cut-body' }, 'listing_not_proved', /broke off|could not be read/],
  ['an error in a 200', { kind: 'error-in-200', code: 'InternalError' }, 'source_error', /.+/],
];

describe.each(faults)('%s on the second page', (_name, act, code, message) => {
  it('fails the run with a message that says what to fix, deletes nothing, and the next clean run is exact', async () => {
    // Given a catalogue of the bucket, and then adds, changes and deletes on the pages around the fault
    const { id } = await world.addDatasource({ sync: { page_size: 10 } });
    await world.sync(id);
    const before = recordFacts(await world.catalogue(id));
    for (const key of ['key-03', 'key-12', 'key-24']) world.s3.delete(bucketName, key);
    world.s3.put(bucketName, 'key-05', { body: 'changed' });
    const fault = world.s3.faults.add({ when: { operation: 'list', page: 2 }, act });

    // When a run meets the fault
    const run = await world.sync(id);

    // Then nothing is gone; what the proved first page told is kept
    expect(fault.hits).toBeGreaterThan(0);
    expect(run.status).toBe('failed');
    expect(run.error?.code).toBe(code);
    expect(run.error?.message).toMatch(message);
    expect(run.counters.deleted).toBe(0);
    const after = recordFacts(await world.catalogue(id));
    expect(after.map((record) => record.key)).toEqual(before.map((record) => record.key));

    // And the next clean run is exact
    world.s3.faults.clear();
    const clean = await world.sync(id);
    expect(clean).toMatchObject({ status: 'completed', counters: { deleted: 3 } });
    expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
  });
});

const harmless: [string, Fault][] = [
  ['a truncated page without a token', { kind: 'truncated-without-token' }],
  ['a page without IsTruncated', { kind: 'without-is-truncated' }],
  ['a count below the keys', { kind: 'key-count', value: 3 }],
  ['a count of all keys', { kind: 'key-count', value: 22 }],
  ['no name of the bucket', { kind: 'bucket-name', name: '' }],
  // Listed in one sequence and sorted here; what a key given twice hides is asked for.
  ['keys out of order', { kind: 'out-of-order' }],
  ['a key that stands in the place of another', { kind: 'duplicate-key' }],
];

describe.each(harmless)('%s on the second page', (_name, act) => {
  it('leaves out no key, so that the run completes and is exact', async () => {
    // Given a catalogue of the bucket, and then adds, changes and deletes on the pages around what is odd
    const { id } = await world.addDatasource({ sync: { page_size: 10 } });
    await world.sync(id);
    for (const key of ['key-03', 'key-12', 'key-24']) world.s3.delete(bucketName, key);
    world.s3.put(bucketName, 'key-05', { body: 'changed' });
    world.s3.put(bucketName, 'key-17-new');
    const fault = world.s3.faults.add({ when: { operation: 'list', page: 2 }, act });

    // When a run meets it
    const run = await world.sync(id);

    // Then
    expect(fault.hits).toBeGreaterThan(0);
    expect(run).toMatchObject({ status: 'completed', counters: { deleted: 3, added: 1, modified: 1 } });
    expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
  });
});

it('does not believe a listing that leaves out objects which exist', async () => {
  const { id } = await world.addDatasource({ sync: { page_size: 10 } });
  await world.sync(id);
  world.s3.faults.add({ when: { operation: 'list' }, act: { kind: 'drop-keys', drop: (key) => key === 'key-07' } });
  const run = await world.sync(id);
  expect(run).toMatchObject({ status: 'completed', counters: { deleted: 0 }, contradicted: 1 });
  expect(run.warnings).toEqual([expect.stringMatching(/the listing lacks keys that the server has.*"key-07"$/)]);
  world.s3.faults.clear();
  expect((await world.sync(id)).counters).toMatchObject({ unchanged: 25, added: 0, deleted: 0 });
});

it('does not believe a listing that claims to be complete and lacks its tail', async () => {
  const { id } = await world.addDatasource({ sync: { page_size: 10 } });
  await world.sync(id);
  world.s3.faults.add({ when: { operation: 'list', page: 2 }, act: { kind: 'cut-listing', keep: 8 } });
  const run = await world.sync(id);
  expect(run).toMatchObject({ status: 'failed', error: { code: 'listing_contradicted' } });
  expect(await world.catalogue(id)).toHaveLength(25);
});
