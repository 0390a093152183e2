import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ProofResult } from './proof-result.ts';
import type { UnorderedReport } from './unordered-child.ts';

const fullObjects = 1_000_000;
const fullDeletions = 1000;
const mostMegabytes = 256;

/** As in the proof of scale: RSS then tells what a sync needs, and not how long garbage may lie. */
const heapFlags = ['--max-old-space-size=128', '--max-semi-space-size=8'];

/** A child that does not end by itself is ended. */
const childMs = 3_600_000;

const child = fileURLToPath(new URL('unordered-child.ts', import.meta.url));

/** A bucket that lists in no order: exact, in one stream, in the memory and the time of one invocation on Lambda. */
export async function proveUnordered({ share }: { readonly share: number }): Promise<ProofResult[]> {
  const objects = Math.max(3000, Math.round(fullObjects * share));
  const deletions = Math.max(10, Math.round(fullDeletions * share));
  const began = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'stocktake-unordered-'));
  try {
    const argv = [...heapFlags, child, folder, String(objects), String(deletions)];
    const { stdout } = await promisify(execFile)(process.execPath, argv, { timeout: childMs, killSignal: 'SIGKILL' });
    return [judged(JSON.parse(stdout), { objects, deletions, seconds: (performance.now() - began) / 1000 })];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function judged(
  { runs, statuses, messages, deleted, differences, peakMegabytes }: UnorderedReport,
  { objects, deletions, seconds }: { objects: number; deletions: number; seconds: number },
): ProofResult {
  const [first, second, third] = runs;
  const passed =
    statuses.every((status) => status === 'completed') &&
    differences.every((count) => count === 0) &&
    second?.recordWrites === 0 &&
    deleted === deletions &&
    peakMegabytes <= mostMegabytes;
  const pages = `${first?.lists}, ${second?.lists}, ${third?.lists} LISTs`;
  const ended = passed ? '' : `; ended ${statuses.join(', ')}: ${messages.at(-1)}`;
  return {
    proof: 'unordered',
    claim:
      'a server without order, in the time of one invocation at 82 ms a page: exact, a second run writes no record, deletions exact, RSS at most 256 MB',
    measured: `${objects} objects, ${differences.join(' and ')} differences, ${second?.recordWrites} records written by the second run, ${deleted} of ${deletions} deleted, ${pages}, ${Math.round(peakMegabytes)} MB${ended}`,
    passed,
    seconds,
  };
}
