/** So many steps of a run give way to nobody: with them a bucket of some ten thousand objects is listed. Counted in steps, for
 *  where the process is slow a short run may last long, too. */
const freeSteps = 20;

/** What the process may be late with its own timers before such runs give way, milliseconds. */
const mostLateMs = 20;

/** One step goes on after so long all the same: in a process that is never idle, sixty runs have a step each in 15 s, and a
 *  lease, renewed with each, lasts two minutes. */
const mostWaitMs = 250;

/** Beyond so many, nothing is kept of runs that were not heard of for a minute. */
const mostRemembered = 1000;
const forgottenMs = 60_000;

type Run = { steps: number; seenAt: number; readonly waiting: (() => void)[] };

/**
 * Lets runs of many steps use only what time of the process the others leave: a server may list keys without end, each page
 * of them takes some ten milliseconds, and everybody else would stand behind all those pages. A step waits while timers of
 * this process are late; of several runs that wait each has its turn, however many streams it has.
 *
 * Returns what a run awaits before each step.
 */
export function createGiveWay(now: () => number = () => performance.now()): (run: string) => Promise<void> {
  const runs = new Map<string, Run>();
  let letting = false;
  return async (id) => {
    const at = now();
    const run = runs.get(id) ?? { steps: 0, seenAt: at, waiting: [] };
    runs.set(id, run);
    run.seenAt = at;
    if (runs.size > mostRemembered) forget(runs, at);
    run.steps += 1;
    if (run.steps <= freeSteps) return;
    const turn = new Promise<void>((resolve) => run.waiting.push(resolve));
    if (!letting) {
      letting = true;
      void letOn(runs, now).finally(() => {
        letting = false;
      });
    }
    await turn;
  };
}

/** Lets one step on at a time, while anybody waits. */
async function letOn(runs: Map<string, Run>, now: () => number): Promise<void> {
  let since = now();
  for (;;) {
    const waiting = [...runs.values()].filter((run) => run.waiting.length > 0);
    if (waiting.length === 0) return;
    for (const run of waiting) {
      while (!(await isIdle(now)) && now() - since < mostWaitMs);
      since = now();
      run.waiting.shift()?.();
    }
  }
}

/** Whether a timer of one millisecond comes in time. */
async function isIdle(now: () => number): Promise<boolean> {
  const from = now();
  await new Promise((resolve) => setTimeout(resolve, 1));
  return now() - from <= mostLateMs;
}

function forget(runs: Map<string, Run>, at: number): void {
  for (const [id, { seenAt, waiting }] of runs) if (waiting.length === 0 && at - seenAt > forgottenMs) runs.delete(id);
}
