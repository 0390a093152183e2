import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINES_FOLDER } from '#support/engine-paths.ts';
import { NotHere } from './not-here.ts';
import { isCommandThere, runCommand } from './run-command.ts';

export type Crate = { readonly name: string; readonly version: string };

export function crateBinary({ name, version }: Crate): string {
  return join(ENGINES_FOLDER, `${name}-${version}`, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
}

/** Quick to build rather than quick: a server that is driven for minutes need not be optimised for an hour. */
const profile = {
  CARGO_PROFILE_RELEASE_LTO: 'off',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  CARGO_PROFILE_RELEASE_OPT_LEVEL: '1',
};

/** Builds a Rust program with the versions that its makers locked, once. */
export function fetchCrate(crate: Crate): void {
  if (existsSync(crateBinary(crate))) return;
  if (!isCommandThere('cargo', '--version')) throw new NotHere('there is no cargo on the PATH');
  mkdirSync(ENGINES_FOLDER, { recursive: true });
  const workplace = mkdtempSync(join(ENGINES_FOLDER, 'build-'));
  try {
    const root = join(workplace, 'root');
    const values = ['install', crate.name, '--version', crate.version, '--locked', '--quiet', '--root', root];
    const env = { ...profile, CARGO_TARGET_DIR: join(workplace, 'target') };
    const [command, before]: [string, string[]] =
      process.platform === 'win32' ? ['cargo', []] : ['nice', ['-n', '10', 'cargo']];
    runCommand(command, [...before, ...values], { env });
    renameSync(root, join(ENGINES_FOLDER, `${crate.name}-${crate.version}`));
  } finally {
    rmSync(workplace, { recursive: true, force: true });
  }
}
