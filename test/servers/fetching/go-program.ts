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
  /** What its own go.mod replaces, as `go mod edit` takes it: `go install` builds no such program, a module of ours does. */
  readonly replace?: string;
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
    build(program, workplace);
    // Moved in one step, so that an interrupted build leaves nothing that looks complete.
    renameSync(workplace, join(ENGINES_FOLDER, `${program.name}-${program.version}`));
  } finally {
    rmSync(workplace, { recursive: true, force: true });
  }
}

function build({ name, package: path, version, replace }: GoProgram, workplace: string): void {
  const env = { GOBIN: workplace, CGO_ENABLED: '0' };
  if (replace === undefined) {
    runGently(['install', `${path}@${version}`], workplace, env);
    return;
  }
  runCommand('go', ['mod', 'init', 'stocktake.test/server'], { cwd: workplace });
  runCommand('go', ['mod', 'edit', '-replace', replace], { cwd: workplace });
  runCommand('go', ['get', `${path}@${version}`], { cwd: workplace });
  runGently(['build', '-o', name, path], workplace, env);
}

function runGently(values: readonly string[], cwd: string, env: Readonly<Record<string, string>>): void {
  const [command, before]: [string, string[]] =
    process.platform === 'win32' ? ['go', []] : ['nice', ['-n', '10', 'go']];
  runCommand(command, [...before, ...values], { cwd, env });
}
