import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { debianEnvironment, debianRoot, fetchDebianPackages } from '../fetching/debian-packages.ts';
import { runCommand } from '../fetching/run-command.ts';
import { freePort, type Program, startProgram } from '../program.ts';
import type { RealServer } from '../real-server.ts';
import { targetAt } from './keys.ts';

const packages = {
  name: 'swift',
  version: '2.30.1-0+deb12u3',
  packages: ['swift-proxy', 'swift-account', 'swift-container', 'swift-object', 'memcached'],
} as const;

/** Debian's own, which its modules are built for. */
const PYTHON = '/usr/bin/python3';
const LAUNCHER = join(import.meta.dirname, 'launch-swift.py');

/** The account and the user in it, and what proves who it is. */
const keys = { accessKeyId: 'matrix:keeper', secretAccessKey: 'stocktake-matrix-secret-1' };

const stores = ['account', 'container', 'object'] as const;

export const swift: RealServer = {
  id: 'swift',
  name: 'OpenStack Swift',
  version: '2.30.1',
  how: "Debian's swift with s3api and tempauth, one of each server",
  fetch: () => fetchDebianPackages(packages),
  async start(folder) {
    const env = debianEnvironment(packages);
    const [port, cache] = [await freePort(), await freePort()];
    mkdirSync(join(folder, 'devices/one'), { recursive: true });
    const common = `[swift-hash]\nswift_hash_path_suffix = matrix\n[storage-policy:0]\nname = one\ndefault = yes\n`;
    writeFileSync(join(folder, 'swift.conf'), common);
    writeFileSync(join(folder, 'proxy.conf'), proxyConfiguration(folder, port, cache));
    const started: Program[] = [];
    const stop = async (): Promise<void> => {
      for (const program of started.reverse()) await program.stop();
    };
    const launch = async (name: string, itsPort: number): Promise<void> => {
      const program = join(debianRoot(packages), `usr/bin/swift-${name}-server`);
      const values = [LAUNCHER, join(folder, 'swift.conf'), program, join(folder, `${name}.conf`)];
      started.push(await startProgram({ command: PYTHON, values, env, folder, port: itsPort }));
    };
    try {
      const memory = ['-u', userInfo().username, '-l', '127.0.0.1', '-p', String(cache)];
      started.push(await startProgram({ command: 'memcached', values: memory, env, folder, port: cache }));
      for (const name of stores) await launch(name, await prepareStore(folder, name, env));
      await launch('proxy', port);
    } catch (error) {
      await stop();
      throw error;
    }
    return { ...targetAt(port, keys), stop };
  },
};

/** A configuration and a ring of one device. Returns the port that both name. */
async function prepareStore(folder: string, name: string, env: Record<string, string>): Promise<number> {
  const port = await freePort();
  const own = [
    `devices = ${join(folder, 'devices')}`,
    'mount_check = false',
    '[pipeline:main]',
    `pipeline = ${name}-server`,
  ];
  const app = [`[app:${name}-server]`, `use = egg:swift#${name}`];
  writeFileSync(join(folder, `${name}.conf`), [...defaults(folder, port), ...own, ...app, ''].join('\n'));
  const ring = (...values: string[]) => runCommand('swift-ring-builder', values, { cwd: folder, env });
  ring(`${name}.builder`, 'create', '4', '1', '0');
  ring(`${name}.builder`, 'add', `r1z1-127.0.0.1:${port}/one`, '1');
  ring(`${name}.builder`, 'rebalance');
  return port;
}

function defaults(folder: string, port: number): string[] {
  const bound = ['bind_ip = 127.0.0.1', `bind_port = ${port}`, 'workers = 0'];
  return ['[DEFAULT]', ...bound, `user = ${userInfo().username}`, `swift_dir = ${folder}`];
}

function proxyConfiguration(folder: string, port: number, cache: number): string {
  const filters: Readonly<Record<string, readonly string[]>> = {
    catch_errors: ['use = egg:swift#catch_errors'],
    cache: ['use = egg:swift#memcache', `memcache_servers = 127.0.0.1:${cache}`],
    s3api: ['use = egg:swift#s3api', 'location = us-east-1'],
    tempauth: [
      'use = egg:swift#tempauth',
      `user_${keys.accessKeyId.replace(':', '_')} = ${keys.secretAccessKey} .admin`,
    ],
    copy: ['use = egg:swift#copy'],
    slo: ['use = egg:swift#slo'],
    dlo: ['use = egg:swift#dlo'],
  };
  return [
    ...defaults(folder, port),
    '[pipeline:main]',
    `pipeline = ${Object.keys(filters).join(' ')} proxy-server`,
    '[app:proxy-server]',
    'use = egg:swift#proxy',
    'account_autocreate = true',
    ...Object.entries(filters).flatMap(([name, lines]) => [`[filter:${name}]`, ...lines]),
    '',
  ].join('\n');
}
