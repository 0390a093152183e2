import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { amendRange } from '#core/catalogue/range-map.ts';
import { type ProvenStep, provePage } from '#core/source/page-proof.ts';
import { createGeneratedWorld, type GeneratedWorld } from '#support/generated-world.ts';

/** Seconds that something took: by the clock, and of the processor. The second does not see what else the machine does. */
export type Timing = { readonly name: string; readonly seconds: number; readonly cpuSeconds: number };

export type SyncTimings = {
  readonly objects: number;
  readonly rounds: number;
  /** Medians, all measured in turn in one process, so that they can be compared. */
  readonly timings: readonly Timing[];
};

const OBJECTS = 100_000;
const ROUNDS = 5;

export const bareListing = 'listing alone';

/** Measures syncs of 100,000 objects that are made up in memory, on a SQLite file: what Stocktake does, without a network. */
export async function benchSyncs(): Promise<SyncTimings> {
  const folder = mkdtempSync(join(tmpdir(), 'stocktake-bench-'));
  const measured = new Map<string, Timing[]>();
  const note = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    const timing = await time(name, work);
    measured.set(name, [...(measured.get(name) ?? []), timing]);
  };
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const world = await createWorld(join(folder, `round-${round}.db`));
      await note(bareListing, () => listAll(world));
      await note('first load', () => syncAll(world, OBJECTS));
      await note('unchanged sync, by digests', () => syncAll(world, 0));
      await doubtRanges(world);
      await note('unchanged sync, reading every record', () => syncAll(world, 0));
      world.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { objects: OBJECTS, rounds: ROUNDS, timings: [...measured.values()].map(median) };
}

function createWorld(file: string): Promise<GeneratedWorld> {
  const endless = { requestMs: 0, sliceMs: Number.POSITIVE_INFINITY };
  return createGeneratedWorld(file, { objects: OBJECTS, style: 'dated', pageSize: 1000, settings: {}, ...endless });
}

async function time(name: string, work: () => Promise<unknown>): Promise<Timing> {
  const began = performance.now();
  const cpuBegan = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(cpuBegan);
  return { name, seconds: (performance.now() - began) / 1000, cpuSeconds: (user + system) / 1e6 };
}

/** Asks for every page and proves it; does nothing with it. */
async function listAll({ bucket }: GeneratedWorld): Promise<void> {
  const opened = bucket.open();
  let previous: ProvenStep | undefined;
  do {
    const request = { prefix: '', maxKeys: 1000, continuation: previous?.continuation };
    const proven = provePage(await opened.list(request), { ...request, bucket: bucket.name, previous });
    previous = proven.next;
  } while (previous !== undefined);
}

/** What is measured must have done its work. */
async function syncAll(world: GeneratedWorld, writes: number): Promise<void> {
  const { run, recordWrites } = await world.sync();
  if (run.status === 'completed' && recordWrites === writes) return;
  throw new Error(`the run is ${run.status} with ${recordWrites} record writes instead of ${writes}`);
}

/** Now the next run reads every record, as if there were no digests. */
async function doubtRanges({ table, source, ranges }: GeneratedWorld): Promise<void> {
  for (const { lo } of await ranges()) await amendRange(table, source.uid, lo, (row) => ({ ...row, doubted: true }));
}

/** By processor time. */
function median(timings: readonly Timing[]): Timing {
  const sorted = [...timings].sort((one, other) => one.cpuSeconds - other.cpuSeconds);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('nothing was measured');
  return middle;
}
