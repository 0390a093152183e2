import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Lookup } from '#adapters/outbound/endpoint-guard.ts';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import { createHttpWebhookSender } from '#adapters/webhooks/http-webhook-sender.ts';
import { Failure } from '#core/model/errors.ts';
import { type DialWatch, isForbidden, watchDials } from '#support/dial-watch.ts';
import { createResolver, mayBePrivate, modes } from '#support/endpoint-modes.ts';
import { goodEndpoints, hostileEndpoints } from '#support/hostile-endpoints.ts';
import { type Canaries, startCanaries } from '../prove/dialling-world.ts';
import { proveHostileEndpoints } from '../prove/hostile-endpoints.ts';

let watch: DialWatch;
let canaries: Canaries;

beforeAll(async () => {
  canaries = await startCanaries();
});

beforeEach(() => {
  watch = watchDials();
  return () => watch.stop();
});

afterAll(() => canaries.close());

/** Asks for a listing; whatever comes of it is told by its code. */
async function list(endpoint: string, allowed: boolean | readonly string[], lookup: Lookup): Promise<string> {
  const patience = { wait: async () => undefined };
  const buckets = createBuckets({
    allowPrivateEndpoints: allowed,
    lookup,
    refusalMs: 1,
    requestTimeoutMs: 2000,
    patience,
  });
  let bucket: ReturnType<typeof buckets.open> | undefined;
  try {
    const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
    bucket = buckets.open({ bucket: 'stock', endpoint, useSsl: false, pathStyle: true, listVersion: 2, credentials });
    await bucket.list({ prefix: '', maxKeys: 1 });
    return 'listed';
  } catch (error) {
    if (error instanceof Failure) return error.code;
    throw error;
  } finally {
    bucket?.close();
  }
}

/** The others differ from the first one in names alone; `npm run prove -- --only hostile-endpoints` goes through all. */
const farthestApart = modes(9).filter(({ name }) => name === 'deployed' || name === 'npm start without keys');

describe.each(farthestApart)('every hostile endpoint, $name', ({ name, allowed }) => {
  it('given a listing there and a webhook there, nothing is dialled that must not be', async () => {
    // Given
    const endpoints = hostileEndpoints(canaries.port).filter(({ text }) => text !== '');
    const before = canaries.connections();
    const breaches: unknown[] = [];
    for (const { text, answers } of endpoints) {
      const resolver = createResolver();
      resolver.answers = answers;
      const sender = createHttpWebhookSender({ allowPrivateEndpoints: allowed, lookup: resolver.lookup, refusalMs: 1 });

      // When
      watch.dials.splice(0);
      await list(text, allowed, resolver.lookup);
      for (const scheme of ['http', 'https']) {
        await sender.send({ url: `${scheme}://${text}/`, headers: {}, body: '{}' });
      }

      // Then
      const wrong = watch.dials.filter(({ host, address }) =>
        isForbidden(address, mayBePrivate({ name, allowed }, host)),
      );
      if (wrong.length > 0) breaches.push([text, wrong]);
    }
    expect(endpoints.length).toBeGreaterThanOrEqual(500);
    expect(breaches).toEqual([]);
    if (allowed !== true) expect(canaries.connections()).toBe(before);
    // And the watch sees who does come: where all private addresses are allowed, so are the canaries.
    else expect(canaries.connections()).toBeGreaterThan(before);
  }, 120_000);
});

it.each(goodEndpoints)('given the public endpoint %s, it is dialled', async (text) => {
  const code = await list(text, [], async () => [{ address: '93.184.216.34', family: 4 }]);
  expect(code).toBe('endpoint_unreachable');
  expect(watch.dials.length).toBeGreaterThan(0);
});

it('given a few of them over every way that dials, under the settings of both hosts, nothing inside is reached', async () => {
  const results = await proveHostileEndpoints({ share: 0.002 });
  expect(results.filter(({ passed }) => !passed)).toEqual([]);
}, 120_000);
