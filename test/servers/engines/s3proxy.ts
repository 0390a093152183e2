import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchMavenJar, jarPath } from '../fetching/maven-jar.ts';
import { freePort, startAgainAndAgain } from '../program.ts';
import type { RealServer } from '../real-server.ts';
import { MATRIX_KEYS, targetAt } from './keys.ts';

const jar = { group: 'org.gaul', artifact: 's3proxy', version: '3.1.0', classifier: 'jar-with-dependencies' } as const;

export const s3proxy: RealServer = {
  id: 's3proxy',
  name: 'S3Proxy',
  version: jar.version,
  how: 'Maven, over a folder (`filesystem-nio2`)',
  fetch: () => fetchMavenJar(jar),
  async start(folder) {
    const port = await freePort();
    const data = join(folder, 'data');
    mkdirSync(data);
    const properties = join(folder, 's3proxy.conf');
    writeFileSync(
      properties,
      [
        `s3proxy.endpoint=http://127.0.0.1:${port}`,
        's3proxy.authorization=aws-v2-or-v4',
        `s3proxy.identity=${MATRIX_KEYS.accessKeyId}`,
        `s3proxy.credential=${MATRIX_KEYS.secretAccessKey}`,
        'jclouds.provider=filesystem-nio2',
        `jclouds.filesystem.basedir=${data}`,
      ].join('\n'),
    );
    const values = ['-Xmx512m', '-jar', jarPath(jar), '--properties', properties];
    const running = await startAgainAndAgain({ command: 'java', values, folder, port });
    return { ...targetAt(port), ...running };
  },
};
