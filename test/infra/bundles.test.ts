import { describe, expect, test } from 'vitest';
import { withBundles } from '../../infra/aws/bundles.ts';
import { initTime } from '../../infra/aws/init-time.ts';

/** Bytes, minified: what a cold start has to load and parse. A function that outgrows its budget took in too much. */
const budgets: Readonly<Record<string, number>> = {
  api: 900_000,
  probe: 900_000,
  sync: 900_000,
  jobs: 900_000,
  schedules: 700_000,
  publisher: 600_000,
};

describe('bundles', () => {
  test('given every function, its bundle is within budget and starts without the network', {
    timeout: 180_000,
  }, async () => {
    await withBundles(async (bundles) => {
      expect(bundles.map(({ name }) => name).sort()).toEqual(Object.keys(budgets).sort());
      for (const bundle of bundles) {
        expect([bundle.name, bundle.bytes <= (budgets[bundle.name] ?? 0), bundle.bytes]).toEqual([
          bundle.name,
          true,
          bundle.bytes,
        ]);
        expect(await initTime(bundle)).toBeGreaterThan(0);
      }
    });
  });
});
