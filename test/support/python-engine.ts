import { spawnSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINES_FOLDER } from './engine-paths.ts';

/** The oldest Python that all of these run on, as (major, minor). */
const OLDEST_PYTHON = [3, 10] as const;

export type PythonEngine = {
  readonly name: string;
  /** Where its Python environment is put. */
  readonly folder: string;
  /** The Python in it. */
  readonly python: string;
  /** The program and all that it needs, each as name==version, so that the same code runs everywhere. */
  readonly packages: readonly string[];
  isThere(): boolean;
  /** What is skipped without it. */
  readonly skipped: string;
};

/**
 * Installs a Python program from PyPI into an environment of its own. Where there is no Python that can, says so on the
 * console and leaves it out. `run` throws when a command fails.
 */
export function installPythonEngine(run: (command: string, values: string[]) => void, engine: PythonEngine): void {
  const { name, folder, python, packages, skipped } = engine;
  if (engine.isThere()) {
    console.log(`${name}: already at ${folder}`);
    return;
  }
  const host = findPython();
  if (host === undefined) {
    const needed = OLDEST_PYTHON.join('.');
    console.log(`${name}: left out, there is no Python ${needed} or later on the PATH; ${skipped} is skipped`);
    return;
  }
  const workplace = mkdtempSync(join(ENGINES_FOLDER, 'fetch-'));
  try {
    run(host, ['-m', 'venv', workplace]);
    const fetched = join(workplace, python.slice(folder.length));
    const quietly = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:'];
    run(fetched, ['-m', 'pip', 'install', ...quietly, ...packages]);
    // Moved in one step, so that an interrupted run leaves nothing that looks complete; its Python finds itself anew.
    renameSync(workplace, folder);
    console.log(`${name}: installed at ${folder}`);
  } catch (error) {
    console.log(`${name}: left out, it could not be installed: ${error instanceof Error ? error.message : error}`);
  } finally {
    rmSync(workplace, { recursive: true, force: true });
  }
}

function findPython(): string | undefined {
  const isNewEnough = `import sys; sys.exit(sys.version_info < (${OLDEST_PYTHON.join(', ')}))`;
  return ['python3', 'python'].find((python) => spawnSync(python, ['-c', isNewEnough]).status === 0);
}
