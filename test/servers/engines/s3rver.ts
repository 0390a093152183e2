import { join } from 'node:path';
import { fetchNpmPackage, npmFolder } from '../fetching/npm-package.ts';
import { freePort, startAgainAndAgain } from '../program.ts';
import type { RealServer } from '../real-server.ts';
import { targetAt } from './keys.ts';

/** Its dependencies are those of this day. */
const s3rverPackage = { name: 's3rver', version: '3.7.1', before: '2026-11-01' } as const;

/** The only pair that it knows. */
const keys = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

export const s3rver: RealServer = {
  id: 's3rver',
  name: 's3rver',
  version: s3rverPackage.version,
  how: 'npm, over a folder',
  fetch: () => fetchNpmPackage(s3rverPackage),
  async start(folder) {
    const port = await freePort();
    const script = join(npmFolder(s3rverPackage), 'node_modules/s3rver/bin/s3rver.js');
    // It makes its tokens with DES, which OpenSSL 3 counts among what is past.
    const node = ['--openssl-legacy-provider', script];
    const values = [...node, '--address', '127.0.0.1', '--port', String(port), '--directory', folder, '--silent'];
    const running = await startAgainAndAgain({ command: process.execPath, values, folder, port });
    return { ...targetAt(port, keys), ...running };
  },
};
