import { spawnSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  ENGINES_FOLDER,
  isMiniStackThere,
  MINISTACK_FOLDER,
  MINISTACK_PYTHON,
  MINISTACK_VERSION,
} from './engine-paths.ts';

/** The oldest Python that MiniStack runs on, as (major, minor). */
const OLDEST_PYTHON = [3, 10] as const;

/** MiniStack and all that it needs, so that the same code runs everywhere; the package itself pins a part only. */
const PACKAGES = [
  `ministack==${MINISTACK_VERSION}`,
  'botocore==1.43.106',
  'defusedxml==0.7.1',
  'graphql-core==3.2.12',
  'h11==0.16.0',
  'h2==4.4.1',
  'hpack==4.2.0',
  'hypercorn==0.18.0',
  'hyperframe==6.1.0',
  'jmespath==1.1.0',
  'jsonata-python==0.7.1',
  'priority==2.0.0',
  'python-dateutil==2.9.0.post0',
  'pyyaml==6.0.3',
  'six==1.17.0',
  'urllib3==2.8.0',
  'wsproto==1.3.2',
];

/**
 * Installs MiniStack, an emulator of AWS that runs Lambda functions without Docker, into a Python environment of its own.
 * Where there is no Python that can, says so on the console and leaves it out. `run` throws when a command fails.
 */
export function installMiniStack(run: (command: string, values: string[]) => void): void {
  if (isMiniStackThere()) {
    console.log(`MiniStack: already at ${MINISTACK_FOLDER}`);
    return;
  }
  const python = findPython();
  if (python === undefined) {
    const needed = OLDEST_PYTHON.join('.');
    console.log(`MiniStack: left out, there is no Python ${needed} or later on the PATH; npm run e2e is skipped`);
    return;
  }
  const workplace = mkdtempSync(join(ENGINES_FOLDER, 'fetch-'));
  try {
    run(python, ['-m', 'venv', workplace]);
    const fetched = join(workplace, MINISTACK_PYTHON.slice(MINISTACK_FOLDER.length));
    const quietly = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:'];
    run(fetched, ['-m', 'pip', 'install', ...quietly, ...PACKAGES]);
    // Moved in one step, so that an interrupted run leaves nothing that looks complete; its Python finds itself anew.
    renameSync(workplace, MINISTACK_FOLDER);
    console.log(`MiniStack: installed at ${MINISTACK_FOLDER}`);
  } catch (error) {
    console.log(`MiniStack: left out, it could not be installed: ${error instanceof Error ? error.message : error}`);
  } finally {
    rmSync(workplace, { recursive: true, force: true });
  }
}

function findPython(): string | undefined {
  const isNewEnough = `import sys; sys.exit(sys.version_info < (${OLDEST_PYTHON.join(', ')}))`;
  return ['python3', 'python'].find((python) => spawnSync(python, ['-c', isNewEnough]).status === 0);
}
