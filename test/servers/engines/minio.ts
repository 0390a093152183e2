import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fetchGoProgram, goBinary } from '../fetching/go-program.ts';
import { freePort, startAgainAndAgain } from '../program.ts';
import type { RealServer } from '../real-server.ts';
import { MATRIX_KEYS, targetAt } from './keys.ts';

const program = {
  name: 'minio',
  package: 'github.com/minio/minio',
  version: 'v0.0.0-20260212201848-7aac2a2c5b7c',
} as const;

export const minio: RealServer = {
  id: 'minio',
  name: 'MinIO',
  version: '2026-02-12',
  how: '`go install`, one drive',
  fetch: () => fetchGoProgram(program),
  async start(folder) {
    const [port, console] = [await freePort(), await freePort()];
    const drive = join(folder, 'drive');
    mkdirSync(drive);
    const values = [
      'server',
      '--quiet',
      '--address',
      `127.0.0.1:${port}`,
      '--console-address',
      `127.0.0.1:${console}`,
      drive,
    ];
    const env = {
      MINIO_ROOT_USER: MATRIX_KEYS.accessKeyId,
      MINIO_ROOT_PASSWORD: MATRIX_KEYS.secretAccessKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
    };
    const running = await startAgainAndAgain({ command: goBinary(program), values, env, folder, port });
    return { ...targetAt(port), ...running };
  },
};
