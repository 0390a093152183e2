import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { VERSITYGW_VERSION } from '#support/engine-paths.ts';
import { fetchGoProgram, goBinary } from '../fetching/go-program.ts';
import { freePort, startAgainAndAgain } from '../program.ts';
import type { RealServer } from '../real-server.ts';
import { MATRIX_KEYS, targetAt } from './keys.ts';

/** The same that the contract tests run against. */
const program = {
  name: 'versitygw',
  package: 'github.com/versity/versitygw/cmd/versitygw',
  version: VERSITYGW_VERSION,
};

export const versitygw: RealServer = {
  id: 'versitygw',
  name: 'versitygw',
  version: program.version.slice(1),
  how: '`go install`, over a folder',
  fetch: () => fetchGoProgram(program),
  async start(folder) {
    const port = await freePort();
    const data = join(folder, 'data');
    mkdirSync(data);
    const env = { ROOT_ACCESS_KEY: MATRIX_KEYS.accessKeyId, ROOT_SECRET_KEY: MATRIX_KEYS.secretAccessKey };
    const values = ['--port', `127.0.0.1:${port}`, 'posix', data];
    const running = await startAgainAndAgain({ command: goBinary(program), values, env, folder, port });
    return { ...targetAt(port), ...running };
  },
};
