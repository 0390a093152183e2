import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINES_FOLDER } from '#support/engine-paths.ts';
import { NotHere } from './not-here.ts';
import { isCommandThere, runCommand } from './run-command.ts';

export type DebianPackages = {
  readonly name: string;
  /** The version of the first of the packages; another release of Debian has another and is left out. */
  readonly version: string;
  readonly packages: readonly string[];
};

/** What would be `/` if the packages were installed. */
export function debianRoot({ name, version }: DebianPackages): string {
  return join(ENGINES_FOLDER, `${name}-${version.replaceAll(/[^a-z0-9.]/gi, '-')}`);
}

/** The environment in which programs beneath that root find their libraries and Python modules. */
export function debianEnvironment(wanted: DebianPackages): Record<string, string> {
  const root = debianRoot(wanted);
  const libraries = ['usr/lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu/ceph', 'usr/lib', 'lib/x86_64-linux-gnu'];
  return {
    LD_LIBRARY_PATH: libraries.map((folder) => join(root, folder)).join(':'),
    PYTHONPATH: join(root, 'usr/lib/python3/dist-packages'),
    PATH: [...['usr/bin', 'usr/sbin'].map((folder) => join(root, folder)), process.env.PATH].join(':'),
  };
}

/**
 * Unpacks packages of Debian, with what they need and this machine lacks, beneath a folder of ours. Nothing is installed:
 * no service starts, no script of a package runs, nobody need be root.
 */
export function fetchDebianPackages(wanted: DebianPackages): void {
  if (existsSync(debianRoot(wanted))) return;
  if (!isCommandThere('dpkg', '--version')) throw new NotHere('this is no Debian');
  const needed = neededPackages(wanted);
  mkdirSync(ENGINES_FOLDER, { recursive: true });
  const workplace = mkdtempSync(join(ENGINES_FOLDER, 'fetch-'));
  try {
    const root = join(workplace, 'root');
    mkdirSync(root);
    // The fetching user of apt may not write here; as root, apt then fetches as root and says so.
    runCommand('apt-get', ['-qq', 'download', ...needed], { cwd: workplace });
    for (const file of readdirSync(workplace).filter((name) => name.endsWith('.deb'))) {
      runCommand('dpkg', ['-x', join(workplace, file), root]);
    }
    renameSync(root, debianRoot(wanted));
  } finally {
    rmSync(workplace, { recursive: true, force: true });
  }
}

/** As name=version each. */
function neededPackages({ packages, version }: DebianPackages): string[] {
  const values = ['--simulate', '--no-install-recommends', 'install', ...packages];
  const answer = spawnSync('apt-get', values, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (answer.status !== 0) throw new NotHere(`apt-get does not know ${packages.join(', ')}; apt-get update may help`);
  const needed = [...answer.stdout.matchAll(/^Inst (\S+) (?:\[\S+\] )?\((\S+) /gm)];
  const first = needed.find(([, name]) => name === packages[0])?.[2];
  if (first !== version) throw new NotHere(`Debian has ${packages[0]} ${first ?? 'installed'} here, not ${version}`);
  return needed.map(([, name, itsVersion]) => `${name}=${itsVersion}`);
}
