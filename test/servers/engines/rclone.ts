import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fetchGoProgram, goBinary } from '../fetching/go-program.ts';
import { freePort, startAgainAndAgain } from '../program.ts';
import type { RealServer } from '../real-server.ts';
import { MATRIX_KEYS, targetAt } from './keys.ts';

const program = { name: 'rclone', package: 'github.com/rclone/rclone', version: 'v1.76.0' } as const;

export const rclone: RealServer = {
  id: 'rclone',
  name: 'rclone serve s3',
  version: program.version.slice(1),
  how: '`go install`, over a folder',
  fetch: () => fetchGoProgram(program),
  async start(folder) {
    const port = await freePort();
    const data = join(folder, 'data');
    mkdirSync(data);
    const keys = `${MATRIX_KEYS.accessKeyId},${MATRIX_KEYS.secretAccessKey}`;
    // A configuration of its own, so that nobody's remotes are read.
    const config = ['--config', join(folder, 'rclone.conf')];
    const values = ['serve', 's3', ...config, '--addr', `127.0.0.1:${port}`, '--auth-key', keys, data];
    const running = await startAgainAndAgain({ command: goBinary(program), values, folder, port });
    return { ...targetAt(port), ...running };
  },
};
