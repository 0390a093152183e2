import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINES_FOLDER } from '#support/engine-paths.ts';
import { NotHere } from './not-here.ts';
import { isCommandThere, runCommand } from './run-command.ts';

export type GoProgram = {
  /** The last part of the package's path, as `go install` names what it builds. */
  readonly name: string;
  readonly package: string;
  readonly version: string;
};

export function goBinary({ name, version }: GoProgram): string {
  return join(ENGINES_FOLDER, `${name}-${version}`, process.platform === 'win32' ? `${name}.exe` : name);
}

/** Builds a Go program once. The largest of them takes minutes; nice leaves the machine to whoever works at it. */
export function fetchGoProgram(program: GoProgram): void {
  const binary = goBinary(program);
  if (existsSync(binary)) return;
  if (!isCommandThere('go', 'version')) throw new NotHere('there is no go on the PATH');
  mkdirSync(ENGINES_FOLDER, { recursive: true });
  const workplace = mkdtempSync(join(ENGINES_FOLDER, 'build-'));
  try {
    const build = ['install', `${program.package}@${program.version}`];
    const [command, values]: [string, string[]] =
      process.platform === 'win32' ? ['go', build] : ['nice', ['-n', '10', 'go', ...build]];
    runCommand(command, values, { env: { GOBIN: workplace, CGO_ENABLED: '0' } });
    // Moved in one step, so that an interrupted build leaves nothing that looks complete.
    renameSync(workplace, join(ENGINES_FOLDER, `${program.name}-${program.version}`));
  } finally {
    rmSync(workplace, { recursive: true, force: true });
  }
}
