import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crateBinary, fetchCrate } from '../fetching/crate.ts';
import { runCommand } from '../fetching/run-command.ts';
import { freePort, startAgainAndAgain } from '../program.ts';
import type { RealServer } from '../real-server.ts';
import { targetAt } from './keys.ts';

const crate = { name: 'garage', version: '2.5.0' } as const;

/** Its own, and the only one that it answers in: nobody tells Stocktake of it. */
const REGION = 'garage';

/** Garage makes key ids of this shape alone. */
const keys = { accessKeyId: `GK${'5'.repeat(24)}`, secretAccessKey: '6'.repeat(64) };

export const garage: RealServer = {
  id: 'garage',
  name: 'Garage',
  version: crate.version,
  how: 'crates.io, one node',
  fetch: () => fetchCrate(crate),
  async start(folder) {
    const [port, rpc] = [await freePort(), await freePort()];
    const config = join(folder, 'garage.toml');
    writeFileSync(config, configuration(folder, port, rpc));
    const garageOf = (...values: string[]): [string, string[]] => [crateBinary(crate), ['-c', config, ...values]];
    const [command, values] = garageOf('server');
    const running = await startAgainAndAgain({ command, values, folder, port });
    try {
      const run = (...more: string[]) => runCommand(...garageOf(...more));
      const [idCommand, idValues] = garageOf('node', 'id', '-q');
      const node = spawnSync(idCommand, idValues, { encoding: 'utf8' }).stdout.split('@')[0] ?? '';
      run('layout', 'assign', '-z', 'one', '-c', '1G', node);
      run('layout', 'apply', '--version', '1');
      run('key', 'import', '--yes', '-n', 'matrix', keys.accessKeyId, keys.secretAccessKey);
      run('key', 'allow', '--create-bucket', keys.accessKeyId);
    } catch (error) {
      await running.stop();
      throw error;
    }
    return { ...targetAt(port, keys), region: REGION, ...running };
  },
};

function configuration(folder: string, port: number, rpc: number): string {
  return [
    `metadata_dir = ${JSON.stringify(join(folder, 'meta'))}`,
    `data_dir = ${JSON.stringify(join(folder, 'data'))}`,
    'db_engine = "sqlite"',
    'replication_factor = 1',
    `rpc_bind_addr = "127.0.0.1:${rpc}"`,
    `rpc_public_addr = "127.0.0.1:${rpc}"`,
    `rpc_secret = "${randomBytes(32).toString('hex')}"`,
    '[s3_api]',
    `s3_region = "${REGION}"`,
    `api_bind_addr = "127.0.0.1:${port}"`,
    '',
  ].join('\n');
}
