/** `npm run build`: makes `dist` for apps of others to depend on: the stack as one file, its types, and the functions' bundles. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { billOfMaterials, licenceTexts } from './bill-of-materials.ts';
import { bundledPackages } from './bundled-packages.ts';
import { withBundles } from './bundles.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const dist = `${root}dist`;
const rooms = ['core', 'http', 'handlers'];

rmSync(dist, { recursive: true, force: true });
const compiler = [`${root}node_modules/typescript/bin/tsc`, '-p', 'tsconfig.build.json'];
execFileSync(process.execPath, compiler, { cwd: root, stdio: 'inherit' });
await build({
  absWorkingDir: root,
  entryPoints: ['infra/aws/stocktake.ts'],
  // It stands where the constructs stand, for they find the bundles from there.
  outfile: 'dist/infra/aws/constructs/stocktake.js',
  ...{ bundle: true, format: 'esm', platform: 'node', target: 'node20', logLevel: 'warning' },
  // There may be one of each of these in an app.
  external: ['aws-cdk-lib', 'constructs'],
});
// The types know each other's rooms by these names.
const imports = Object.fromEntries(rooms.map((room) => [`#${room}/*.ts`, `./functions/${room}/*.d.ts`]));
writeFileSync(`${dist}/package.json`, `${JSON.stringify({ type: 'module', imports }, null, 2)}\n`);
await withBundles(async (bundles) => {
  for (const { name, path } of bundles) {
    mkdirSync(`${dist}/bundles/${name}`, { recursive: true });
    cpSync(path, `${dist}/bundles/${name}/index.mjs`);
  }
});
const packages = await bundledPackages();
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
writeFileSync(`${dist}/sbom.cdx.json`, `${JSON.stringify(billOfMaterials(packages, version), null, 2)}\n`);
writeFileSync(`${dist}/licences.txt`, licenceTexts(packages));
