/**
 * Runs on Lambda's Node what runs in the functions: `npm run test:lambda`. The rest of the suite runs on the Node that the
 * project brings, and the end-to-end tests deploy to Lambda's. Other files may be named.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isLambdaNodeThere, LAMBDA_NODE } from './lambda-node.ts';

/** Adapters and contracts touch what a Node brings (sockets, streams, crypto, zlib), and the HTTP layer all of the core. */
const chosen = ['test/adapters', 'test/contract', 'test/http/coco', 'test/infra/handlers.test.ts'];

if (!isLambdaNodeThere()) {
  console.error("Lambda's Node is not there: run `npm run engines` first");
  process.exit(1);
}
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const named = process.argv.slice(2);
const files = named.length > 0 ? named : chosen;
const { status } = spawnSync(LAMBDA_NODE, [vitest, 'run', ...files], { stdio: 'inherit' });
process.exit(status ?? 1);
