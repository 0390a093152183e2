import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianEnvironment, debianRoot, fetchDebianPackages } from '../fetching/debian-packages.ts';
import { runCommand } from '../fetching/run-command.ts';
import { freePort, type Program, startProgram } from '../program.ts';
import type { RealServer } from '../real-server.ts';
import { MATRIX_KEYS, targetAt } from './keys.ts';

const packages = {
  name: 'ceph',
  version: '16.2.15+ds-0+deb12u2',
  packages: ['radosgw', 'ceph-mon', 'ceph-osd', 'ceph-common'],
} as const;

export const ceph: RealServer = {
  id: 'ceph',
  name: 'Ceph RGW',
  version: '16.2.15',
  how: "Debian's radosgw, over one monitor and one OSD in memory",
  fetch: () => fetchDebianPackages(packages),
  async start(folder) {
    const [port, monitorPort] = [await freePort(), await freePort()];
    const cluster = writeCluster(folder, monitorPort);
    const started: Program[] = [];
    const stop = async (): Promise<void> => {
      for (const program of started.reverse()) await program.stop();
    };
    try {
      for (const step of stepsOf(cluster, port)) await step(started);
    } catch (error) {
      await stop();
      throw error;
    }
    return { ...targetAt(port), stop };
  },
};

type Cluster = {
  readonly folder: string;
  readonly fsid: string;
  readonly monitor: string;
  readonly monitorPort: number;
};

/** What `ceph` and its daemons read: no keys, one copy of everything, nothing outside of the folder and of loopback. */
function writeCluster(folder: string, monitorPort: number): Cluster {
  const root = join(debianRoot(packages), 'usr/lib/x86_64-linux-gnu');
  const cluster = { folder, fsid: randomUUID(), monitor: `[v2:127.0.0.1:${monitorPort}]`, monitorPort };
  for (const name of ['mon', 'osd', 'run']) mkdirSync(join(folder, name));
  const settings: Record<string, string> = {
    fsid: cluster.fsid,
    'mon host': cluster.monitor,
    'public addr': '127.0.0.1',
    'cluster addr': '127.0.0.1',
    'auth cluster required': 'none',
    'auth service required': 'none',
    'auth client required': 'none',
    // radosgw asks for an encrypted connection by itself, which there is none of without keys.
    'ms mon client mode': 'crc',
    'osd pool default size': '1',
    'osd pool default min size': '1',
    'osd pool default pg num': '8',
    'osd pool default pgp num': '8',
    'mon allow pool size one': 'true',
    'mon data avail crit': '1',
    'osd crush chooseleaf type': '0',
    'osd objectstore': 'memstore',
    'memstore device bytes': String(2 ** 31),
    'osd class dir': join(root, 'rados-classes'),
    'erasure code dir': join(root, 'ceph/erasure-code'),
    'plugin dir': join(root, 'ceph'),
    'run dir': join(folder, 'run'),
    'admin socket': join(folder, 'run', '$name.$pid.asok'),
    'pid file': join(folder, 'run', '$name.pid'),
    'log file': join(folder, '$name.log'),
    'mon cluster log file': join(folder, 'cluster.log'),
    'mon data': join(folder, 'mon'),
    'osd data': join(folder, 'osd'),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  writeFileSync(join(folder, 'ceph.conf'), `[global]\n${lines.join('\n')}\n`);
  return cluster;
}

type Step = (started: Program[]) => void | Promise<void>;

function stepsOf({ folder, fsid, monitor, monitorPort }: Cluster, port: number): Step[] {
  const env = debianEnvironment(packages);
  const conf = ['-c', join(folder, 'ceph.conf')];
  const map = join(folder, 'monmap');
  const osd = randomUUID();
  const once =
    (command: string, ...values: string[]): Step =>
    () =>
      runCommand(command, values, { cwd: folder, env });
  const daemon =
    (command: string, values: string[], itsPort?: number): Step =>
    async (started) =>
      void started.push(
        await startProgram({ command, values: [...conf, ...values, '-f'], env, folder, port: itsPort }),
      );
  const { accessKeyId, secretAccessKey } = MATRIX_KEYS;
  const keys = ['--access-key', accessKeyId, '--secret-key', secretAccessKey];
  const user = ['user', 'create', '--uid', 'matrix', '--display-name', 'matrix', ...keys];
  return [
    once('monmaptool', '--create', '--fsid', fsid, '--addv', 'a', monitor, map),
    once('ceph-mon', ...conf, '--mkfs', '-i', 'a', '--monmap', map),
    daemon('ceph-mon', ['-i', 'a'], monitorPort),
    once('ceph', ...conf, '--connect-timeout', '60', 'osd', 'new', osd, '0'),
    once('ceph-osd', ...conf, '-i', '0', '--mkfs', '--osd-uuid', osd),
    daemon('ceph-osd', ['-i', '0']),
    once('radosgw-admin', ...conf, ...user),
    daemon('radosgw', ['-n', 'client.admin', `--rgw-frontends=beast endpoint=127.0.0.1:${port}`], port),
  ];
}
