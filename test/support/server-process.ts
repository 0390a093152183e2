import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../infra/local/start.ts', import.meta.url));

export type ServerProcess = {
  /** All lines it has printed. */
  readonly lines: readonly string[];
  /** Waits for a line, printed already or still to come. Rejects when the process ends without it. */
  line(pattern: RegExp, after?: number): Promise<string>;
  /** Ends it; SIGKILL leaves it no time for anything. */
  kill(signal: NodeJS.Signals): Promise<void>;
};

/**
 * Starts `npm start`'s process, or another command that starts it, with these settings on top of the environment. It
 * has ended when all that the command started has.
 */
export function startServerProcess(
  env: Readonly<Record<string, string>>,
  [command, ...values]: readonly [string, ...string[]] = [process.execPath, entry],
): ServerProcess {
  const child: ChildProcess = spawn(command, values, {
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const take = (line: string): void => {
    lines.push(line);
    for (const look of [...waiting]) look();
  };
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', take);
  }
  let ended = false;
  const exit = once(child, 'close').then(() => {
    ended = true;
    for (const look of [...waiting]) look();
  });
  return {
    lines,
    line: (pattern, after = 0) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.slice(after).find((line) => pattern.test(line));
          if (found === undefined && !ended) return;
          waiting.delete(look);
          if (found !== undefined) resolve(found);
          else reject(new Error(`the server ended without a line like ${pattern}:\n${lines.join('\n')}`));
        };
        waiting.add(look);
        look();
      }),
    async kill(signal) {
      child.kill(signal);
      await exit;
    },
  };
}
