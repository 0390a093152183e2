import { readFileSync, writeFileSync } from 'node:fs';
import type { Cell } from './column.ts';
import { allColumns } from './columns/all-columns.ts';
import type { ServerRow } from './drive-server.ts';
import { allServers } from './engines/all-servers.ts';

const BEGIN = '<!-- What follows is written by `npm run servers`. -->';

/**
 * Writes the table into the document, beneath what somebody wrote by hand. Lines of servers that were not driven this
 * time stay as they are.
 */
export function writeReport(file: string, rows: readonly ServerRow[]): void {
  const [byHand = '', generated = ''] = readFileSync(file, 'utf8').split(BEGIN);
  const before = linesByServer(generated);
  const lines = allServers.map(({ id, name }) => {
    const row = rows.find(({ server }) => server.id === id);
    if (row === undefined || (row.skipped !== undefined && before.has(name))) return before.get(name);
    return { table: tableLine(row), notes: noteLines(row) };
  });
  const known = lines.filter((line) => line !== undefined);
  const columns = allColumns.map(({ name }) => name);
  const text = [
    `${byHand}${BEGIN}`,
    '',
    ...allColumns.map(({ name, what }) => `- **${name}**: ${what}.`),
    '',
    `| server | ${columns.join(' | ')} |`,
    `| --- |${columns.map(() => ' --- |').join('')}`,
    ...known.map(({ table }) => table),
    '',
    '✓ passed, (✓) right but for what the server itself cannot do, as boto3 sees it too, ✗ failed.',
    '',
    ...known.flatMap(({ notes }) => notes),
  ];
  writeFileSync(file, `${text.join('\n').trimEnd()}\n`);
}

function tableLine({ server, skipped, cells }: ServerRow): string {
  const name = `${server.name} ${server.version}`;
  const told = allColumns.map(({ name: column }) => {
    const cell = cells.get(column);
    return cell === undefined ? (skipped === undefined ? '' : '–') : tellCell(cell);
  });
  return `| ${name} | ${told.join(' | ')} |`;
}

function tellCell({ outcome, figure }: Cell): string {
  if (outcome === 'failed') return '✗';
  return outcome === 'explained' ? figure.replace('✓', '(✓)') : figure;
}

function noteLines({ server, skipped, cells }: ServerRow): string[] {
  const start = `- **${server.name}**`;
  if (skipped !== undefined) return [`${start}: not driven: ${oneLine(skipped)}.`];
  const notes = [...cells].flatMap(([column, { outcome, figure, notes = [] }]) => [
    ...(outcome === 'failed' ? [`${start}, ${column}: ✗ ${oneLine(figure)}`] : []),
    ...notes.map((note) => `${start}, ${column}: ${oneLine(note)}.`),
  ]);
  return [`${start} (${server.how}).`, ...notes];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim();
}

function linesByServer(generated: string): Map<string, { table: string; notes: string[] }> {
  const lines = generated.split('\n');
  return new Map(
    allServers.flatMap(({ name }) => {
      const table = lines.find((line) => line.startsWith(`| ${name} `));
      const notes = lines.filter((line) => line.startsWith(`- **${name}**`));
      return table === undefined ? [] : [[name, { table, notes }] as const];
    }),
  );
}
