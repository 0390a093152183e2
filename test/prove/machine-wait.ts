import { readFileSync } from 'node:fs';

/** A moment, epoch milliseconds, and how long the main thread had been kept from a core until then, milliseconds in all. */
export type WaitSample = { readonly at: number; readonly waitedMs: number };

/** What Linux says of this process's main thread: https://docs.kernel.org/scheduler/sched-stats.html, /proc/<pid>/schedstat. */
export function sampleWait(): WaitSample {
  const [, waited = '0'] = readFileSync('/proc/self/schedstat', 'utf8').split(' ');
  return { at: Date.now(), waitedMs: Number(waited) / 1e6 };
}

/** How long a process was ready to run between two moments, and others had its core, milliseconds. `samples` in order. */
export function waitedBetween(samples: readonly WaitSample[], from: number, to: number): number {
  return waitedUntil(samples, to) - waitedUntil(samples, from);
}

/** Between two samples it is taken to have been spread evenly. */
function waitedUntil(samples: readonly WaitSample[], moment: number): number {
  let [low, high] = [0, samples.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((samples[middle]?.at ?? 0) <= moment) low = middle;
    else high = middle;
  }
  const [before, after] = [samples[low], samples[high]];
  if (before === undefined || after === undefined) return 0;
  const share = after.at === before.at ? 0 : (moment - before.at) / (after.at - before.at);
  return before.waitedMs + Math.min(1, Math.max(0, share)) * (after.waitedMs - before.waitedMs);
}
