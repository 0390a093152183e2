import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Bundle } from './bundles.ts';

const run = promisify(execFile);

/** Loads the bundle as a Lambda container does, and says how long that took, milliseconds. */
const measure = `
const began = performance.now();
const { handler } = await import(process.argv[1]);
if (typeof handler !== 'function') throw new Error('the bundle exports no handler');
console.log(performance.now() - began);
process.exit();
`;

/** Whatever a variable is for, a function must not look at more than its form before it is called. */
function dummy(name: string): string {
  if (name.endsWith('_CIDRS')) return '192.0.2.0/24';
  return /^MAX_|_(SECONDS|OBJECTS|SHARE|WORKERS)$/.test(name) ? '1' : name.toLowerCase().replaceAll('_', '-');
}

/** Starts the bundle in a fresh process; milliseconds from import to a handler. Throws if it cannot be loaded. */
export async function initTime(bundle: Bundle): Promise<number> {
  const variables = Object.fromEntries(bundle.variables.map((name) => [name, dummy(name)]));
  const env = { ...variables, AWS_REGION: 'eu-west-1', PATH: process.env.PATH };
  const url = pathToFileURL(bundle.path).href;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', measure, url], { env });
  return Number(stdout);
}
