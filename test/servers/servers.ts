/**
 * `npm run servers`: fetches real S3 servers, starts each on loopback with a Stocktake beside it, drives both, and writes
 * what came out to docs/servers.md. `--only moto,s3rver` drives some; `--no-write` leaves the document alone;
 * `--share 0.1` makes buckets and pages smaller; `--log FILE` keeps what a server answered where a cell failed;
 * `--minio` plays what must be exact on a large MinIO bucket, with `--patient` what waits for minutes too.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Cell } from './column.ts';
import { driveServer, type ServerRow, type Tell } from './drive-server.ts';
import { allServers } from './engines/all-servers.ts';
import { fetchBoto3 } from './fetching/python-packages.ts';
import { proveMinioCompleteness } from './minio-completeness.ts';
import type { RealServer } from './real-server.ts';
import { writeReport } from './report.ts';

const DOCUMENT = join(import.meta.dirname, '../../docs/servers.md');

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    'no-write': { type: 'boolean', default: false },
    share: { type: 'string', default: '1' },
    log: { type: 'string' },
    minio: { type: 'boolean', default: false },
    patient: { type: 'boolean', default: false },
  },
});

const share = Number(values.share);
if (!(share > 0 && share <= 1)) throw new Error(`--share is a number above 0 and at most 1, not ${values.share}`);

// Ctrl-C ends what was started too: see program.ts.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
fetchBoto3();
process.exitCode = (await (values.minio ? proveMinio() : driveAll(chosenServers()))) ? 0 : 1;

function proveMinio(): Promise<boolean> {
  return proveMinioCompleteness({ share, patient: values.patient, say });
}

function chosenServers(): readonly RealServer[] {
  if (values.only === undefined) return allServers;
  const wanted = values.only.split(',').map((id) => id.trim());
  const unknown = wanted.filter((id) => !allServers.some((server) => server.id === id));
  if (unknown.length === 0) return allServers.filter(({ id }) => wanted.includes(id));
  throw new Error(`--only knows ${allServers.map(({ id }) => id).join(', ')}, not ${unknown.join(', ')}`);
}

async function driveAll(servers: readonly RealServer[]): Promise<boolean> {
  const rows: ServerRow[] = [];
  for (const server of servers) {
    say(`${server.name} ${server.version} (${server.how})`);
    const row = await driveOne(server);
    if (row.skipped !== undefined) say(`  left out: ${row.skipped}`);
    rows.push(row);
    if (!values['no-write']) writeReport(DOCUMENT, rows);
  }
  return tellTotals(rows);
}

/** A server that does not start is left out with the reason; the others go on. */
async function driveOne(server: RealServer): Promise<ServerRow> {
  try {
    return await driveServer(server, share, tellOf(server));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { server, skipped: reason.slice(0, 1000), cells: new Map() };
  }
}

function tellOf(server: RealServer): Tell {
  return (column, cell, seconds, exchanges) => {
    say(`  ${column.padEnd(20)} ${cell.outcome.padEnd(9)} ${seconds.toFixed(1).padStart(6)} s  ${cell.figure}`);
    for (const note of cell.notes ?? []) say(`    ${note}`);
    if (cell.outcome !== 'failed' || values.log === undefined) return;
    const answers = exchanges.map(({ method, path, answer }) => `  ${method} ${path} → ${oneLine(answer)}`);
    appendFileSync(values.log, `\n## ${server.name}, ${column}\n${cell.figure}\n${answers.join('\n')}\n`);
  };
}

/** In CI a server that was asked for by name must be there. */
function tellTotals(rows: readonly ServerRow[]): boolean {
  const cells: Cell[] = rows.flatMap((row) => [...row.cells.values()]);
  const failed = cells.filter(({ outcome }) => outcome === 'failed').length;
  const explained = cells.filter(({ outcome }) => outcome === 'explained').length;
  const leftOut = rows.filter(({ skipped }) => skipped !== undefined);
  say(
    `${rows.length - leftOut.length} servers driven, ${leftOut.length} left out; ${explained} of the cells are explained`,
  );
  say(`cells: ${cells.length - failed} passed, ${failed} failed`);
  return failed === 0 && (process.env.CI === undefined || leftOut.length === 0);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 700);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
