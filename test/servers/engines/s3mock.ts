import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { javaCompiles } from '#support/java.ts';
import { fetchMavenJar, jarPath } from '../fetching/maven-jar.ts';
import { NotHere } from '../fetching/not-here.ts';
import { runCommand } from '../fetching/run-command.ts';
import { freePort, startProgram } from '../program.ts';
import type { RealServer } from '../real-server.ts';
import { targetAt } from './keys.ts';

/** The newest that runs on Java 17. */
const jar = { group: 'com.adobe.testing', artifact: 's3mock', version: '4.11.0', classifier: 'exec' } as const;

/** What is in the jar, for its classes lie too deep in it for `java -cp`. */
const unpacked = `${jarPath(jar)}.unpacked`;
const LOOPBACK_MAIN = join(import.meta.dirname, 'loopback-s3mock.java');

export const s3mock: RealServer = {
  id: 's3mock',
  name: 'Adobe S3Mock',
  version: jar.version,
  how: 'Maven, bound to loopback by a class of ours',
  fetch() {
    fetchMavenJar(jar);
    if (!javaCompiles()) throw new NotHere('the java on the PATH cannot run a source file, which binds it to loopback');
    if (existsSync(unpacked)) return;
    mkdirSync(unpacked);
    runCommand('jar', ['xf', jarPath(jar)], { cwd: unpacked });
  },
  async start(folder) {
    const port = await freePort();
    const data = join(folder, 'data');
    mkdirSync(data);
    const classes = [join(unpacked, 'BOOT-INF/classes'), join(unpacked, 'BOOT-INF/lib/*')].join(delimiter);
    const settings = [
      `--server.port=${await freePort()}`,
      `--com.adobe.testing.s3mock.httpPort=${port}`,
      `--com.adobe.testing.s3mock.store.root=${data}`,
    ];
    const values = ['-Xmx512m', '-cp', classes, LOOPBACK_MAIN, ...settings];
    const running = await startProgram({ command: 'java', values, folder, port });
    return { ...targetAt(port), stop: () => running.stop() };
  },
};
