import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeLocal } from '#local/compose.ts';
import { createRecordingLog } from '#support/recording-log.ts';
import { rolesContract } from './roles.contract.ts';

rolesContract('on one machine', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stocktake-roles-'));
  const log = createRecordingLog();
  const hosts = {
    roles: await composeLocal({ privateEndpoints: true, dataFolder: join(folder, 'with'), assumeRoles: true, log }),
    without: await composeLocal({ privateEndpoints: true, dataFolder: join(folder, 'without'), log }),
  };
  return {
    roles: hosts.roles.deps.roles,
    without: hosts.without.deps.roles,
    principal: 'the AWS identity that Stocktake runs as (`aws sts get-caller-identity` shows it)',
    setting: 'STOCKTAKE_ASSUME_ROLES=true',
    async close() {
      await Promise.all(Object.values(hosts).map((host) => host.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
});
