import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINES_FOLDER } from '#support/engine-paths.ts';
import { runCommand } from './run-command.ts';

export type NpmPackage = {
  readonly name: string;
  readonly version: string;
  /** Versions of its dependencies that are newer than this day are not taken, so that the same code runs everywhere. */
  readonly before: string;
};

export function npmFolder({ name, version }: NpmPackage): string {
  return join(ENGINES_FOLDER, `${name}-${version}`);
}

/** Installs a package and what it needs into a folder of its own, once; no install script runs. */
export function fetchNpmPackage(wanted: NpmPackage): void {
  if (existsSync(npmFolder(wanted))) return;
  mkdirSync(ENGINES_FOLDER, { recursive: true });
  const workplace = mkdtempSync(join(ENGINES_FOLDER, 'fetch-'));
  try {
    const quietly = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-save', `--before=${wanted.before}`];
    runCommand('npm', ['install', ...quietly, '--prefix', workplace, `${wanted.name}@${wanted.version}`]);
    renameSync(workplace, npmFolder(wanted));
  } finally {
    rmSync(workplace, { recursive: true, force: true });
  }
}
