import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DYNAMODB_LOCAL_FOLDER, isDynamoDbLocalThere } from './engine-paths.ts';
import { javaCompiles, javaProblem } from './java.ts';

/** How long the engine may take to answer, milliseconds: a JVM on a busy machine. */
const START_LIMIT = 45_000;
const PAUSE_BETWEEN_ATTEMPTS = 50;
const LOOPBACK_MAIN = join(import.meta.dirname, 'loopback-dynamodb.java');

export type DynamoDbLocal = {
  /** http://127.0.0.1:port */
  readonly endpoint: string;
  close(): Promise<void>;
};

/**
 * Runs its arguments and kills them when its own input ends, which it does however the test process dies: an orphaned
 * engine would stay for ever.
 */
const WATCHER = `
  const [command, ...values] = process.argv.slice(1);
  const engine = require('node:child_process').spawn(command, values, { stdio: ['ignore', 'inherit', 'inherit'] });
  engine.on('exit', (code) => process.exit(code ?? 1));
  process.stdin.on('end', () => engine.kill('SIGKILL')).resume();
`;

/**
 * Starts DynamoDB Local in memory, on a free port, for one test file. Says why instead when the engine or Java is
 * missing; throws when they are there and it does not answer in time. It listens on loopback alone where Java can compile
 * what makes it, else on all interfaces, for it has no option.
 */
export async function startDynamoDbLocal(): Promise<DynamoDbLocal | { skipped: string }> {
  if (!isDynamoDbLocalThere()) return { skipped: 'DynamoDB Local is not there: run `npm run engines` first' };
  const problem = javaProblem();
  if (problem !== undefined) return { skipped: `DynamoDB Local cannot run: ${problem}` };
  const port = await freePort();
  const engine = spawnEngine(port);
  try {
    await untilAnswered(engine, port);
  } catch (error) {
    await stop(engine);
    throw error;
  }
  return { endpoint: `http://127.0.0.1:${port}`, close: () => stop(engine) };
}

type Engine = { readonly watcher: ChildProcess; output: string };

function spawnEngine(port: number): Engine {
  const flags = ['-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port)];
  const main = javaCompiles() ? ['-cp', 'DynamoDBLocal.jar', LOOPBACK_MAIN] : ['-jar', 'DynamoDBLocal.jar'];
  const java = ['java', '-Djava.library.path=DynamoDBLocal_lib', ...main, ...flags];
  const watcher = spawn(process.execPath, ['-e', WATCHER, ...java], {
    cwd: DYNAMODB_LOCAL_FOLDER,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const engine: Engine = { watcher, output: '' };
  const note = (chunk: Buffer) => {
    engine.output = (engine.output + chunk.toString()).slice(-4000);
  };
  watcher.stdout.on('data', note);
  watcher.stderr.on('data', note);
  return engine;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function untilAnswered(engine: Engine, port: number): Promise<void> {
  const deadline = performance.now() + START_LIMIT;
  while (performance.now() < deadline) {
    if (hasEnded(engine)) throw new Error(`DynamoDB Local ended while starting: ${engine.output}`);
    if (await accepts(port)) return;
    await pause(PAUSE_BETWEEN_ATTEMPTS);
  }
  throw new Error(`DynamoDB Local did not answer within ${START_LIMIT} ms: ${engine.output}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}

function hasEnded({ watcher }: Engine): boolean {
  return watcher.exitCode !== null || watcher.signalCode !== null;
}

async function stop(engine: Engine): Promise<void> {
  if (hasEnded(engine)) return;
  const ended = once(engine.watcher, 'exit');
  engine.watcher.stdin?.end();
  await ended;
}
