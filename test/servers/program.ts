import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

/** A server that listens to nothing within this time is given up: Java on a busy machine needs half a minute. */
const START_MS = 120_000;

/** What does not end when it is asked to is killed. */
const STOP_MS = 10_000;

export type Program = { readonly pid: number; stop(): Promise<void> };

export type ProgramOptions = {
  readonly command: string;
  readonly values: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Where its output is kept while it runs. */
  readonly folder: string;
  /** It is ready when this port answers; without one, at once. */
  readonly port?: number;
};

const running = new Set<ChildProcess>();
// Whatever ends this process, nothing that it started outlives it.
process.once('exit', () => {
  for (const child of running) endGroup(child, 'SIGKILL');
});

/** Starts a program in a process group of its own and waits until its port answers. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { command, values, env, cwd, folder, port } = options;
  const log = join(folder, 'output.log');
  const output = openSync(log, 'a');
  const child = spawn(command, [...values], {
    cwd: cwd ?? folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', output, output],
    detached: true,
  });
  running.add(child);
  const ended = once(child, 'exit').finally(() => running.delete(child));
  ended.catch(() => {});
  try {
    await once(child, 'spawn');
    if (port !== undefined) await untilListening(port, () => child.exitCode !== null || child.signalCode !== null);
  } catch (error) {
    endGroup(child, 'SIGKILL');
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${command} did not start: ${reason}\n${lastLines(log)}`);
  }
  return { pid: child.pid ?? 0, stop: () => stop(child, ended) };
}

/** The same for a program that can be started again over the same data, at the same port. */
export async function startAgainAndAgain(
  options: ProgramOptions,
): Promise<{ stop(): Promise<void>; restart(): Promise<void> }> {
  let running = await startProgram(options);
  return {
    stop: () => running.stop(),
    async restart() {
      await running.stop();
      running = await startProgram(options);
    },
  };
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  endGroup(child, 'SIGTERM');
  const timer = setTimeout(() => endGroup(child, 'SIGKILL'), STOP_MS);
  await ended.finally(() => clearTimeout(timer));
}

/** The group has the child's id: what it started itself ends with it. */
function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal);
  }
}

function lastLines(log: string): string {
  return readFileSync(log, 'utf8').split('\n').slice(-12).join('\n');
}

/** Resolves once something listens at the port of 127.0.0.1; rejects when `hasEnded`, or after two minutes. */
export async function untilListening(port: number, hasEnded: () => boolean): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (!(await listens(port))) {
    if (hasEnded()) throw new Error('it ended');
    if (Date.now() > deadline) throw new Error(`it does not listen after ${START_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** A port of 127.0.0.1 that nothing uses. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
