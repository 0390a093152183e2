import { describe, expect, test } from 'vitest';
import { withBundles } from '../../infra/aws/bundles.ts';
import { initTime } from '../../infra/aws/init-time.ts';

describe('bundles', () => {
  test('given every function, its bundle is within budget and starts without the network', {
    timeout: 180_000,
  }, async () => {
    await withBundles(async (bundles) => {
      expect(bundles.map(({ name }) => name).sort()).toEqual([
        'api',
        'jobs',
        'probe',
        'publisher',
        'schedules',
        'sync',
      ]);
      for (const bundle of bundles) {
        expect([bundle.name, bundle.budget - bundle.bytes]).toEqual([
          bundle.name,
          expect.toSatisfy((left) => left >= 0),
        ]);
        expect(bundle.budget).toBeLessThanOrEqual(900_000);
        expect(await initTime(bundle)).toBeGreaterThan(0);
      }
    });
  });
});
