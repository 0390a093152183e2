import { spawnSync } from 'node:child_process';

/** Runs a command to its end, an hour at most. Throws with the end of what it wrote when it fails. */
export function runCommand(
  command: string,
  values: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): void {
  const answer = spawnSync(command, [...values], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 2 ** 26,
    timeout: 3_600_000,
    // npm is a script on Windows, which only a shell starts.
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (answer.error) throw new Error(`${command} could not be started: ${answer.error.message}`);
  if (answer.status === 0) return;
  const end = `${answer.stdout}\n${answer.stderr}`.trim().split('\n').slice(-8).join('\n');
  throw new Error(`${command} ${values[0] ?? ''} failed: ${end}`);
}

/** Whether a command is on the PATH and answers. */
export function isCommandThere(command: string, ...values: readonly string[]): boolean {
  return spawnSync(command, [...values]).status === 0;
}
