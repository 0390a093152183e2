import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBucketClient } from './bucket-client.ts';
import { type Bench, type Cell, type Column, failed } from './column.ts';
import { allColumns } from './columns/all-columns.ts';
import { NotHere } from './fetching/not-here.ts';
import type { RealServer } from './real-server.ts';
import { startStocktake } from './stocktake-user.ts';
import { type Exchange, watchServer } from './watched-server.ts';

/** One line of the matrix. */
export type ServerRow = {
  readonly server: RealServer;
  /** Why it was not driven. */
  readonly skipped?: string;
  readonly cells: ReadonlyMap<string, Cell>;
};

/** Told of each cell as it is done, with the last answers of the server where it failed. */
export type Tell = (column: string, cell: Cell, seconds: number, exchanges: readonly Exchange[]) => void;

/** Fetches a server, starts it and a Stocktake beside it, works through the columns, and stops and removes all of it. */
export async function driveServer(server: RealServer, share: number, tell: Tell): Promise<ServerRow> {
  try {
    server.fetch();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof NotHere) return { server, skipped: reason, cells: new Map() };
    return { server, skipped: `it could not be fetched or built: ${reason.slice(-300)}`, cells: new Map() };
  }
  return withBench(server, share, async (bench) => {
    const cells = new Map<string, Cell>();
    for (const column of allColumns) {
      const began = Date.now();
      const cell = await cellOf(column, bench);
      cells.set(column.name, cell);
      tell(column.name, cell, (Date.now() - began) / 1000, bench.watched.lastExchanges());
    }
    return { server, cells };
  });
}

/** A server, a client of it, a Stocktake, and the door between; all are gone afterwards, whatever happened. */
export async function withBench<Result>(
  server: RealServer,
  share: number,
  work: (bench: Bench) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), `stocktake-servers-${server.id}-`));
  // Also where this process is told to end.
  const empty = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.once('exit', empty);
  const [itsFolder, ourFolder] = [join(folder, 'server'), join(folder, 'stocktake')];
  mkdirSync(itsFolder);
  // Undone in the opposite order.
  const undo: (() => Promise<void> | void)[] = [
    () => {
      empty();
      process.off('exit', empty);
    },
  ];
  try {
    const running = await server.start(itsFolder);
    undo.push(() => running.stop());
    const client = createBucketClient(running);
    undo.push(() => client.close());
    const watched = await watchServer(running.host);
    undo.push(() => watched.close());
    const stocktake = await startStocktake(ourFolder);
    undo.push(() => stocktake.stop());
    return await work({ server: running, client, stocktake, watched, share });
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** What a column that breaks off found is a failure, as is one that takes too long. */
async function cellOf(column: Column, bench: Bench): Promise<Cell> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Cell>((resolve) => {
    const told = failed(`not done within ${column.withinMs / 1000} s`);
    timer = setTimeout(() => resolve(told), column.withinMs);
  });
  const work = column
    .run(bench)
    .catch((error: unknown) => failed(error instanceof Error ? error.message : String(error)));
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
