import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import * as z from 'zod';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What `npm start` runs is named beside the functions, as they are: by what it is started with. */
export const localEntry = 'npm start';

/** A package of others of which code is in what we ship. */
export type BundledPackage = {
  readonly name: string;
  readonly version: string;
  /** As SPDX writes it; absent where the package says none. */
  readonly licence?: string;
  /** The text that goes with each copy; absent where the package has none. */
  readonly licenceText?: string;
  /** sha512 of the tarball, hexadecimal, as package-lock.json has it. */
  readonly sha512?: string;
  /** The functions, and `npm start`, that it is part of. */
  readonly partOf: readonly string[];
};

const manifest = z.object({ name: z.string(), version: z.string(), license: z.string().optional() });
const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      license: z.string().optional(),
      integrity: z.string().optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});
type LockFile = z.output<typeof lockFile>;

/**
 * Finds the packages whose code is in the functions' bundles, or is loaded by `npm start`: those that esbuild met, not those
 * that the manifest names. By name and version, in the order of their names.
 */
export async function bundledPackages(): Promise<BundledPackage[]> {
  const found = new Map<string, Set<string>>();
  for (const [part, entry] of entries()) {
    for (const folder of await foldersIn(part, entry)) found.set(folder, (found.get(folder) ?? new Set()).add(part));
  }
  const lock = lockFile.parse(JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8')));
  return [...[...found].map(([folder, parts]) => describe(folder, [...parts].sort(), lock)), ...engines(lock)].sort(
    (one, other) => (nameOf(one) < nameOf(other) ? -1 : 1),
  );
}

/** The sum of the bytes that each function's bundle comes to here; for a test that it is what is deployed. */
export async function bundleBytes(name: string): Promise<number> {
  const { outputs } = await bundle(name, handlerOf(name));
  return Object.values(outputs).reduce((sum, { bytes }) => sum + bytes, 0);
}

function entries(): [string, string][] {
  const handlers = readdirSync(`${root}functions/handlers`).filter((name) => existsSync(`${root}${handlerOf(name)}`));
  return [
    ...handlers.sort().map((name): [string, string] => [name, handlerOf(name)]),
    [localEntry, 'infra/local/start.ts'],
  ];
}

function handlerOf(name: string): string {
  return `functions/handlers/${name}/handler.ts`;
}

/** As infra/aws/constructs/stocktake-function.ts has the CDK do it. On one machine nothing is bundled, so nothing is replaced. */
async function bundle(part: string, entry: string): Promise<Metafile> {
  const own = `${root}functions/handlers/runtime/environment-credentials.ts`;
  const built = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: 'index.mjs',
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
    alias: part === localEntry ? {} : { '@aws-sdk/credential-provider-node': own },
    logLevel: 'warning',
  });
  if (built.metafile === undefined) throw new Error('esbuild did not tell what it met');
  return built.metafile;
}

/** The folders of packages of which at least a byte is left. */
async function foldersIn(part: string, entry: string): Promise<Set<string>> {
  const { outputs } = await bundle(part, entry);
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  return new Set(inputs.flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? packageFolder(path) : [])));
}

function packageFolder(path: string): string[] {
  const folders = 'node_modules/';
  const end = path.lastIndexOf(folders) + folders.length;
  if (end < folders.length) return [];
  const [scopeOrName = '', name = ''] = path.slice(end).split('/');
  return [`${path.slice(0, end)}${scopeOrName.startsWith('@') ? `${scopeOrName}/${name}` : scopeOrName}`];
}

function describe(folder: string, partOf: readonly string[], { packages }: LockFile): BundledPackage {
  const path = join(root, folder);
  const { name, version, license: licence } = manifest.parse(JSON.parse(readFileSync(`${path}/package.json`, 'utf8')));
  const file = readdirSync(path).find((each) => /^(licen[cs]e|copying)(\.(md|txt))?$/i.test(each));
  const place = folder.slice(folder.indexOf('node_modules/'));
  return {
    ...{ name, version, partOf },
    ...(licence === undefined ? {} : { licence }),
    ...(file === undefined ? {} : { licenceText: readFileSync(join(path, file), 'utf8') }),
    ...hashOf(packages[place]?.integrity),
  };
}

/**
 * Node itself, which `npm start` brings along for each platform: of them only one is installed, so the lock file tells. Not
 * every package that carries it repeats Node's own licence, MIT (https://github.com/nodejs/node/blob/main/LICENSE).
 */
function engines({ packages }: LockFile): BundledPackage[] {
  return Object.keys(packages['']?.optionalDependencies ?? {}).map((name) => {
    const { version = '', license: licence = 'MIT', integrity } = packages[`node_modules/${name}`] ?? {};
    return { name, version, licence, partOf: [localEntry], ...hashOf(integrity) };
  });
}

function hashOf(integrity: string | undefined): { sha512?: string } {
  const base64 = /^sha512-(.+)$/.exec(integrity ?? '')?.[1];
  return base64 === undefined ? {} : { sha512: Buffer.from(base64, 'base64').toString('hex') };
}

function nameOf({ name, version }: BundledPackage): string {
  return `${name}@${version}`;
}
