import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINES_FOLDER } from './engine-paths.ts';
import { isLambdaNodeThere, LAMBDA_NODE_FOLDER, lambdaNodePackage } from './lambda-node.ts';

/** Takes Lambda's Node out of its package, beside the Node that the project runs on. `run` throws when a command fails. */
export function fetchLambdaNode(run: (command: string, values: string[], cwd?: string) => void): void {
  if (isLambdaNodeThere()) {
    console.log(`Lambda's Node: already at ${LAMBDA_NODE_FOLDER}`);
    return;
  }
  if (lambdaNodePackage === undefined) {
    console.log(`Lambda's Node: left out, there is none for ${process.platform} ${process.arch}`);
    return;
  }
  const { name, version, integrity } = lambdaNodePackage;
  const workplace = mkdtempSync(join(ENGINES_FOLDER, 'fetch-'));
  try {
    run('npm', ['pack', `${name}@${version}`, '--pack-destination', workplace]);
    const tarball = `${name}-${version}.tgz`;
    const found = `sha512-${createHash('sha512')
      .update(readFileSync(join(workplace, tarball)))
      .digest('base64')}`;
    if (found !== integrity) throw new Error(`the package's checksum is ${found}, not the pinned ${integrity}`);
    run('tar', ['-xzf', tarball, 'package/bin'], workplace);
    mkdirSync(ENGINES_FOLDER, { recursive: true });
    // Moved in one step, so that an interrupted run leaves nothing that looks complete.
    renameSync(join(workplace, 'package'), LAMBDA_NODE_FOLDER);
    console.log(`Lambda's Node: fetched to ${LAMBDA_NODE_FOLDER}`);
  } finally {
    rmSync(workplace, { recursive: true, force: true });
  }
}
