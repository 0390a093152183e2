import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/security.md', root), 'utf8');

/** Every path in it that is one of a test or proof. */
function testsIn(text: string): string[] {
  return [...text.matchAll(/`(test\/[\w./-]+\.ts)`/g)].map(([, path = '']) => path);
}

/** The rows of a table below a heading, without its first two lines. */
function rowsBelow(heading: string): string[] {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const lines = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2);
}

describe('docs/security.md', () => {
  it('names only tests that exist', () => {
    const named = testsIn(page);
    expect(named.length).toBeGreaterThan(25);
    expect(named.filter((path) => !existsSync(new URL(path, root)))).toEqual([]);
  });

  it('has for each attack a test, or says that there is none yet', () => {
    const rows = rowsBelow('What stops each attack');
    expect(rows.length).toBeGreaterThan(25);
    expect(rows.filter((row) => testsIn(row).length === 0 && !row.includes('| no test yet |'))).toEqual([]);
  });

  it('has a line for each of the ten risks', () => {
    const risks = rowsBelow('OWASP API Security Top 10 (2023)').map((row) => /^\| API(\d+) /.exec(row)?.[1]);
    expect(risks).toEqual(Array.from({ length: 10 }, (_, index) => String(index + 1)));
  });

  it('is told when a test that it names is gone', () => {
    expect(testsIn('`test/none.test.ts`').map((path) => existsSync(new URL(path, root)))).toEqual([false]);
  });
});
