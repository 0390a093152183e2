import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bundleBytes } from '../../infra/aws/reports/bundled-packages.ts';
import { withBundles } from '../../infra/aws/reports/bundles.ts';
import { initTime } from '../../infra/aws/reports/init-time.ts';

/** The functions that may take a role: the policy of their sessions is in no other. */
const takesRoles = new Set(['probe', 'sync', 'jobs']);

describe('bundles', () => {
  test('given every function, its bundle is within budget and starts without the network', {
    timeout: 400_000,
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
        expect(bundle.budget).toBeLessThanOrEqual(950_000);
        // What the bill of materials is made from is what is deployed.
        expect([bundle.name, await bundleBytes(bundle.name)]).toEqual([bundle.name, bundle.bytes]);
        const code = readFileSync(bundle.path, 'utf8');
        expect([bundle.name, code.includes('s3:Get*')]).toEqual([bundle.name, takesRoles.has(bundle.name)]);
        // A word of the SDK's chain of credential providers.
        expect([bundle.name, code.includes('sso_session')]).toEqual([bundle.name, false]);
        expect(await initTime(bundle)).toBeGreaterThan(0);
      }
    });
  });
});
