import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LintedTemplate } from '../../infra/aws/reports/linted-template.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'stocktake-package-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const app = `
import { App, Stack, aws_events as events } from 'aws-cdk-lib';
import { Stocktake } from 'stocktake';

const app = new App();
const catalogue = new Stocktake(app, 'Catalogue', {
  namePrefix: 'acme-catalogue',
  tags: { team: 'data' },
  env: { region: 'eu-west-1', account: '111122223333' },
});
const own = new Stack(app, 'Own', { env: { region: 'eu-west-1', account: '111122223333' } });
new events.Rule(own, 'Rule', { eventBus: catalogue.bus, eventPattern: { source: ['stocktake'] } });
app.synth();
`;

const mistaken = `
import { App } from 'aws-cdk-lib';
import { Stocktake } from 'stocktake';
new Stocktake(new App(), 'Catalogue', { removalPolicy: 'delete' });
`;

/** Lays a package of this repository's own dependencies where the foreign app finds it. */
function link(name: string): void {
  const target = join(folder, 'node_modules', name);
  mkdirSync(dirname(target), { recursive: true });
  symlinkSync(join(root, 'node_modules', name), target, 'junction');
}

/** Runs a file of the foreign app with the esbuild that the CDK would look for out of its reach. */
function run(file: string) {
  const env = { PATH: '', CDK_OUTDIR: join(folder, 'cdk.out') };
  return spawnSync(process.execPath, [join(folder, file)], { cwd: folder, env, encoding: 'utf8' });
}

describe("a foreign app that depends on the package's tarball", () => {
  beforeAll(() => {
    // Beginning the packing by its own script proves that the tarball needs nothing that was built before.
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    execFileSync(npm, ['pack', '--pack-destination', folder], { cwd: root, stdio: 'pipe' });
    const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    mkdirSync(join(folder, 'node_modules/stocktake'), { recursive: true });
    const into = ['--strip-components=1', '-C', 'node_modules/stocktake'];
    execFileSync('tar', ['-xzf', tarball, ...into], { cwd: folder });
    for (const name of ['aws-cdk-lib', 'constructs', 'zod', '@types/node', 'undici-types']) link(name);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'app.ts'), app);
    writeFileSync(join(folder, 'mistaken.ts'), mistaken);
  }, 400_000);

  test('given typed props, the app synthesizes without esbuild, with the bundles that were packed', {
    timeout: 120_000,
  }, () => {
    const { status, stderr } = run('app.ts');
    expect([status, stderr]).toEqual([0, '']);
    const read = (name: string): LintedTemplate & Record<'Resources', Record<string, { Metadata?: object }>> =>
      JSON.parse(readFileSync(join(folder, 'cdk.out', name), 'utf8'));
    const resources = Object.values(read('Catalogue.template.json').Resources);
    expect(resources.filter(({ Type }) => Type === 'AWS::Lambda::Function')).toHaveLength(6);
    const assets = readdirSync(join(folder, 'cdk.out')).filter((name) => name.startsWith('asset.'));
    expect(assets).toHaveLength(6);
    for (const asset of assets) expect(readdirSync(join(folder, 'cdk.out', asset))).toEqual(['index.mjs']);
    expect(JSON.stringify(read('Own.template.json'))).toContain('acme-catalogue');
  });

  test('given props that cannot be, it says which and what they must be', { timeout: 120_000 }, () => {
    const { status, stderr } = run('mistaken.ts');
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/the settings of this stack cannot be used: removalPolicy: must be retain or destroy/);
  });

  test('given the types, the app passes the compiler, and the mistaken one does not', { timeout: 120_000 }, () => {
    const options = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--types',
      'node',
      '--skipLibCheck',
    ];
    const compiler = [join(root, 'node_modules/typescript/bin/tsc'), ...options];
    const check = (file: string) =>
      spawnSync(process.execPath, [...compiler, file], { cwd: folder, encoding: 'utf8' }).stdout;
    expect(check('app.ts')).toBe('');
    expect(check('mistaken.ts')).toMatch(/mistaken\.ts\(4,\d+\): error TS2322: .*"delete"/);
  });
});
