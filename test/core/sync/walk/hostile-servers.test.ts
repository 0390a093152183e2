import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import { type HostileServer, type Hostility, startHostileServer } from '#support/hostile-server.ts';
import { bucketFacts, bucketName, createSyncWorld, recordFacts, type SyncWorld } from '#support/sync-world.ts';

/** Its name leads to a hostile server as soon as there is one. */
const victim = 'taken-over';

let world: SyncWorld;
let hostile: HostileServer | undefined;

beforeEach(async () => {
  const patience = { wait: () => Promise.resolve() };
  const limits = { attemptTimeoutMs: 1500, requestTimeoutMs: 4000, patience };
  const buckets = createBuckets({ allowPrivateEndpoints: true, ...limits });
  world = await createSyncWorld({
    buckets: {
      open: (target) =>
        buckets.open(
          target.bucket === victim && hostile !== undefined ? { ...target, endpoint: hostile.endpoint } : target,
        ),
    },
  });
  world.s3.createBucket(victim);
  for (const key of ['a', 'b', 'c']) {
    world.s3.put(bucketName, key);
    world.s3.put(victim, key);
  }
});
afterEach(async () => {
  await hostile?.close();
  hostile = undefined;
  await world.close();
});

const cases: [Hostility, string, RegExp][] = [
  ['huge-body', 'answer_too_large', /longer than 16 MiB/],
  ['endless-tokens', 'listing_not_proved', /1000 pages in a row had no key/],
  ['too-many-keys', 'listing_not_proved', /too many keys: asked were 1000/],
  ['slow-drip', 'source_timeout', /took too long.*within 1\.5 s/],
  ['gzip-bomb', 'not_an_s3_answer', /compressed body/],
  ['huge-element', 'listing_not_proved', /Key of more than 1,024 bytes/],
  ['many-elements', 'listing_not_proved', /more elements than 1000 keys can have/],
  ['endless-headers', 'answer_too_large', /headers.*longer than 16 KiB/],
  ['websocket-upgrade', 'not_an_s3_answer', /status 101/],
  ['h2c-upgrade', 'not_an_s3_answer', /status 101/],
  ['early-101', 'not_an_s3_answer', /status 101/],
  ['bare-101', 'not_an_s3_answer', /status 101/],
  ['endless-early-hints', 'not_an_s3_answer', /status 1xx/],
  ['silence', 'source_timeout', /took too long.*within 1\.5 s/],
  ['silence-after-headers', 'source_timeout', /took too long.*within 1\.5 s/],
  ['silence-in-headers', 'source_timeout', /took too long.*within 1\.5 s/],
  ['silence-in-body', 'source_timeout', /took too long.*within 1\.5 s/],
  ['silence-in-chunk', 'source_timeout', /took too long.*within 1\.5 s/],
  ['half-closed', 'endpoint_unreachable', /broke \(ECONNRESET\)/],
  ['half-closed-in-body', 'endpoint_unreachable', /broke \(ECONNRESET\)/],
  ['reset-in-body', 'endpoint_unreachable', /broke \(ECONNRESET\)/],
  ['reset-at-once', 'endpoint_unreachable', /broke \(ECONNRESET\)/],
];

describe.each(cases)('a server with %s', (hostility, code, message) => {
  it('fails the run with a message of its own, deletes nothing, and an honest bucket beside it is synced', async () => {
    // Given a catalogue of a bucket whose server then turns hostile
    const honest = await world.addDatasource({ id: 'honest' });
    const { id } = await world.addDatasource({ id: 'victim', config: { bucket: victim } });
    await world.sync(id);
    const before = recordFacts(await world.catalogue(id));
    hostile = await startHostileServer(hostility);

    // When it is synced, and another beside it
    const [run, other] = await Promise.all([world.sync(id), world.sync(honest.id)]);

    // Then
    expect(run).toMatchObject({ status: 'failed', error: { code }, counters: { deleted: 0 } });
    expect(run.error?.message).toMatch(message);
    expect(recordFacts(await world.catalogue(id))).toEqual(before);
    expect(other).toMatchObject({ status: 'completed', counters: { added: 3 } });
    expect(recordFacts(await world.catalogue(honest.id))).toEqual(bucketFacts(world.s3));

    // And once the server is honest again, so is the catalogue
    await hostile.close();
    hostile = undefined;
    world.s3.delete(victim, 'b');
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 1 } });
    expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3, victim));
  });
});
