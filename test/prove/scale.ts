import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ProofResult } from './proof-result.ts';
import type { ScaleReport, ScaleRun, ScaleTask } from './scale-child.ts';

const OBJECTS = 1_000_000;
const PAGE = 1000;
const CHANGES_OF_A_KIND = 1000;

const MOST_MEGABYTES = 256;

/** Left to itself, V8 lets garbage lie until the heap is several times what is in use, the more memory the machine has.
 *  With a heap that is held small, RSS tells what a sync needs; one that needed more would end its process. */
const heapFlags = ['--max-old-space-size=128', '--max-semi-space-size=8'];

/** How much higher RSS may stand in the second half of a run than in its first: heaps breathe, leaks grow. */
const MOST_GROWTH = 1.25;

const FEWEST_IN_A_RANGE = 100_000;

/** A child that does not end by itself is ended: much longer than a busy machine needs. */
const CHILD_MS = 3_600_000;

const variants = [
  { name: 'numbered keys, one worker', style: 'numbered', workers: 1 },
  { name: 'dated keys, one worker', style: 'dated', workers: 1 },
  { name: 'dated keys, three workers', style: 'dated', workers: 3 },
] as const;

const child = fileURLToPath(new URL('scale-child.ts', import.meta.url));
const execute = promisify(execFile);

/**
 * Proves that the cost of a sync does not depend on what fits into memory or into one invocation: a first load, a run
 * that finds nothing changed, and one that finds some changes, in a process of its own for each kind of keys.
 *
 * @param options.share 0–1: of the objects. Pages and ranges become smaller by as much, so that there are as many of them.
 */
export async function proveScale({ share }: { readonly share: number }): Promise<ProofResult[]> {
  const results: ProofResult[] = [];
  for (const { name, style, workers } of variants) {
    const objects = Math.round(OBJECTS * share);
    const changesOfAKind = Math.max(1, Math.round(CHANGES_OF_A_KIND * share));
    const began = Date.now();
    const report = await runChild({ objects, style, workers, share, changesOfAKind });
    const seconds = (Date.now() - began) / 1000;
    results.push(...judge(`scale: ${name}`, { objects, share, changes: 3 * changesOfAKind }, report, seconds));
  }
  return results;
}

async function runChild(task: Omit<ScaleTask, 'file'>): Promise<ScaleReport | string> {
  const folder = mkdtempSync(join(tmpdir(), 'stocktake-scale-'));
  try {
    const argument = JSON.stringify({ ...task, file: join(folder, 'table.db') });
    const limits = { timeout: CHILD_MS, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 } as const;
    const { stdout } = await execute(process.execPath, [...heapFlags, child, argument], limits);
    return JSON.parse(stdout);
  } catch (error) {
    return `the process did not end well: ${error instanceof Error ? error.message.slice(0, 300) : 'unknown'}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Size = { readonly objects: number; readonly share: number; readonly changes: number };

function judge(proof: string, size: Size, report: ScaleReport | string, seconds: number): ProofResult[] {
  if (typeof report === 'string') {
    return [{ proof, claim: 'the process ends', measured: report, passed: false, seconds }];
  }
  const { firstLoad, unchanged, changed } = report;
  const runs = [firstLoad, unchanged, changed];
  const apart = seconds - runs.reduce((sum, run) => sum + run.seconds, 0);
  return [
    { proof, ...judgeFirstLoad(size, firstLoad), seconds: firstLoad.seconds },
    { proof, ...judgeUnchanged(size, unchanged), seconds: unchanged.seconds },
    { proof, ...judgeChanged(size, changed), seconds: changed.seconds },
    { proof, ...judgeMemory(runs, report.peakMegabytes), seconds: apart },
  ];
}

type Judgement = Pick<ProofResult, 'claim' | 'measured' | 'passed'>;

function judgeFirstLoad({ objects, share }: Size, run: ScaleRun): Judgement {
  const lists = run.lists / Math.ceil(objects / (PAGE * share));
  const inARange = objects / run.ranges.length;
  const passed = isExact(run) && run.recordWrites === objects && lists <= 1.05 && inARange >= FEWEST_IN_A_RANGE * share;
  return {
    claim: 'first load: over many slices of 10 s, LIST calls ≤ 1.05 × pages, ranges of ≥ 100,000 objects (× share)',
    measured: `${costOf(run)}, LIST × ${lists.toFixed(4)}, ${Math.round(inARange)} objects a range`,
    passed: passed && run.invocations > 5,
  };
}

function judgeUnchanged({ objects, share }: Size, run: ScaleRun): Judgement {
  const lists = run.lists / Math.ceil(objects / (PAGE * share));
  const skew = skewOf(run.ranges);
  return {
    claim: 'second run: 0 record writes, LIST calls ≤ 1.01 × pages, largest range ÷ mean ≤ 1.5',
    measured: `${costOf(run)}, LIST × ${lists.toFixed(4)}, largest ÷ mean ${skew.toFixed(2)}`,
    passed: isExact(run) && run.recordWrites === 0 && lists <= 1.01 && skew <= 1.5,
  };
}

function judgeChanged({ changes }: Size, run: ScaleRun): Judgement {
  const { added, modified, deleted } = run.counters;
  const asMany = [added, modified, deleted].every((count) => count * 3 === changes);
  return {
    claim: 'third run: as many record writes as changes, the catalogue exact',
    measured: `${costOf(run)}: ${added} added, ${modified} modified, ${deleted} deleted`,
    passed: isExact(run) && asMany && run.recordWrites === changes,
  };
}

function judgeMemory(runs: readonly ScaleRun[], peak: number): Judgement {
  const growth = Math.max(...runs.map(({ rss }) => growthOf(rss)));
  return {
    claim: `RSS ≤ ${MOST_MEGABYTES} MB (heap held at 128 MB) and flat: second half of each run ≤ ${MOST_GROWTH} × its first`,
    measured: `peak ${Math.round(peak)} MB, second half × ${growth.toFixed(2)}`,
    passed: peak <= MOST_MEGABYTES && growth <= MOST_GROWTH,
  };
}

function isExact({ status, differences }: ScaleRun): boolean {
  return status === 'completed' && differences === 0;
}

function costOf({ status, differences, lists, recordWrites, invocations, longestMs, ranges }: ScaleRun): string {
  const wrong = differences === 0 ? 'exact' : `${differences} DIFFERENCES`;
  const slices = `${invocations} slices (longest ${(longestMs / 1000).toFixed(1)} s)`;
  return `${status}, ${wrong}, ${slices}, ${lists} LISTs, ${recordWrites} record writes, ${ranges.length} ranges`;
}

function skewOf(ranges: readonly number[]): number {
  const mean = ranges.reduce((sum, objects) => sum + objects, 0) / ranges.length;
  return Math.max(...ranges) / mean;
}

function growthOf(rss: readonly number[]): number {
  const half = Math.floor(rss.length / 2);
  return Math.max(...rss.slice(half)) / Math.max(...rss.slice(0, half));
}
