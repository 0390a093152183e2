import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MINISTACK_PYTHON } from '#support/engine-paths.ts';
import { isLambdaNodeThere, LAMBDA_NODE } from '#support/lambda-node.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

const program = fileURLToPath(new URL('patched-ministack.py', import.meta.url));

/** How long it may take to answer, milliseconds, on a busy machine. */
const START_LIMIT = 30_000;
/** After SIGTERM it ends its Lambda functions; after this it is killed, and they end with it. */
const STOP_LIMIT = 5000;

export const ACCOUNT = '111122223333';
export const REGION = 'eu-west-1';

/** A running MiniStack. Everything it writes is in a temporary folder of its own, gone once it is closed. */
export type MiniStack = {
  /** http://127.0.0.1:port */
  readonly endpoint: string;
  /** Where all goes that it and the Lambda functions say. */
  readonly logFile: string;
  log(): string;
  close(): Promise<void>;
};

/** Starts MiniStack on a free loopback port, enforcing IAM. Throws with its output when it does not answer in time. */
export async function startMiniStack(): Promise<MiniStack> {
  const folder = mkdtempSync(join(tmpdir(), 'stocktake-ministack-'));
  const logFile = join(folder, 'output.log');
  const port = await freePort();
  const child = spawnMiniStack(folder, port, logFile);
  const stack: MiniStack = {
    endpoint: `http://127.0.0.1:${port}`,
    logFile,
    log: () => readFileSync(logFile, 'utf8'),
    async close() {
      await stop(child);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  try {
    await until('MiniStack answers', START_LIMIT, () => {
      if (hasEnded(child)) throw new Error(`MiniStack ended while starting:\n${stack.log()}`);
      return fetch(`${stack.endpoint}/_ministack/ready`).then(
        (answer) => answer.ok,
        () => false,
      );
    });
    return stack;
  } catch (error) {
    await stack.close();
    throw error;
  }
}

/** Its environment is made from nothing, for it hands all of it to every Lambda function. */
function spawnMiniStack(folder: string, port: number, logFile: string): ChildProcess {
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  const child = spawn(MINISTACK_PYTHON, [program], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      HOME: folder,
      TMPDIR: temporary,
      // Functions run on the first node of the path, whatever their runtime says: on Lambda's, where that was fetched.
      PATH: dirname(isLambdaNodeThere() ? LAMBDA_NODE : process.execPath),
      BIND_HOST: '127.0.0.1',
      // Stands in queue URLs, which the SDK follows.
      MINISTACK_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      MINISTACK_REGION: REGION,
      MINISTACK_ACCOUNT_ID: ACCOUNT,
      STATE_DIR: join(folder, 'state'),
      S3_DATA_DIR: join(folder, 's3'),
      AUTH: 'true',
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      PYTHONDONTWRITEBYTECODE: '1',
    },
  });
  const log = createWriteStream(logFile);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  return child;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(kill);
}
