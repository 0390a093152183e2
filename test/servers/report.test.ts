import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Cell, explained, failed, passed } from './column.ts';
import type { ServerRow } from './drive-server.ts';
import { minio } from './engines/minio.ts';
import { moto } from './engines/moto.ts';
import { writeReport } from './report.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stocktake-report-'));
  file = join(folder, 'servers.md');
  writeFileSync(file, '# By hand\n\n<!-- What follows is written by `npm run servers`. -->\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const row = (server: ServerRow['server'], cells: Record<string, Cell>): ServerRow => ({
  server,
  cells: new Map(Object.entries(cells)),
});
const lines = (): string[] => readFileSync(file, 'utf8').split('\n');

it('keeps what was written by hand, and the line of a server that is not driven this time', () => {
  // Given one server driven, and then another
  writeReport(file, [row(minio, { register: passed('✓'), changes: explained('✓', 'hides keys') })]);
  writeReport(file, [row(moto, { register: passed('✓') })]);

  // Then both have their lines and notes
  expect(lines().slice(0, 2)).toEqual(['# By hand', '']);
  expect(lines().filter((line) => line.startsWith('| M') || line.startsWith('| moto'))).toHaveLength(2);
  expect(lines()).toContainEqual('- **MinIO**, changes: hides keys.');
  expect(lines().find((line) => line.startsWith('| MinIO'))).toContain('(✓)');
});

it('shows a failure as one, and replaces a line that was there', () => {
  writeReport(file, [row(moto, { register: passed('✓') })]);
  writeReport(file, [row(moto, { register: failed('3 missing\n("a|b")') })]);
  expect(lines().filter((line) => line.startsWith('| moto'))).toEqual([expect.stringMatching(/^\| moto \S+ \| ✗ \|/)]);
  expect(lines()).toContainEqual('- **moto**, register: ✗ 3 missing ("a\\|b")');
});

it('does not put "left out" in the place of what was found where a toolchain was', () => {
  writeReport(file, [row(moto, { register: passed('✓') })]);
  writeReport(file, [{ server: moto, skipped: 'there is no Python', cells: new Map() }]);
  expect(lines().find((line) => line.startsWith('| moto'))).toContain('✓');
  expect(readFileSync(file, 'utf8')).not.toContain('no Python');
});
