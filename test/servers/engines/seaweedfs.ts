import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchGoProgram, goBinary } from '../fetching/go-program.ts';
import { freePort, startAgainAndAgain } from '../program.ts';
import type { RealServer } from '../real-server.ts';
import { MATRIX_KEYS, targetAt } from './keys.ts';

const program = {
  name: 'weed',
  package: 'github.com/seaweedfs/seaweedfs/weed',
  version: 'v0.0.0-20261109003541-7506e5f91cd6',
  replace: 'github.com/tyler-smith/go-bip39=github.com/cosmos/go-bip39@v1.0.0',
} as const;

export const seaweedfs: RealServer = {
  id: 'seaweedfs',
  name: 'SeaweedFS',
  version: '2026-11-09',
  how: 'built by Go, master, volume, filer and S3 in one process',
  fetch: () => fetchGoProgram(program),
  async start(folder) {
    const identities = join(folder, 's3.json');
    const credentials = [{ accessKey: MATRIX_KEYS.accessKeyId, secretKey: MATRIX_KEYS.secretAccessKey }];
    const actions = ['Admin', 'Read', 'Write', 'List', 'Tagging'];
    writeFileSync(identities, JSON.stringify({ identities: [{ name: 'matrix', credentials, actions }] }));
    const port = await freePort();
    const values = [
      'server',
      `-dir=${folder}`,
      '-ip=127.0.0.1',
      '-ip.bind=127.0.0.1',
      '-s3',
      `-s3.config=${identities}`,
    ];
    for (const part of ['master', 'volume', 'filer']) {
      values.push(`-${part}.port=${await freePort()}`, `-${part}.port.grpc=${await freePort()}`);
    }
    values.push(
      `-s3.port=${port}`,
      `-s3.port.grpc=${await freePort()}`,
      '-volume.max=100',
      '-master.volumeSizeLimitMB=64',
    );
    const running = await startAgainAndAgain({ command: goBinary(program), values, folder, port });
    return { ...targetAt(port), ...running };
  },
};
