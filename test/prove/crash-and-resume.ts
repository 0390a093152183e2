import type { CrashPoint } from '../simulation/crashing-process.ts';
import { createRandomSource } from '../simulation/random-source.ts';
import { type CrashOutcome, type Host, pagesAtOnce, runCrashScenario, type Task } from './crash-scenario.ts';
import type { ProofResult } from './proof-result.ts';

const hosts: readonly Host[] = ['one-machine', 'aws'];

const tasks: readonly Task[] = ['changes', 'changes-at-once', 'first-load'];

/** Crashes are paired at so many points of either process. */
const pairedPoints = 40;

type Tally = {
  readonly failures: string[];
  scenarios: number;
  crashes: number;
  mostRepeated: number;
  ranges: number;
  cleanPages: number;
  mostPages: number;
  uselessRuns: number;
};

/**
 * Whatever call to the outside a process is killed at, the next one makes the catalogue equal the bucket, tells every
 * change under one id, and lists at most one page again for each crash and stream.
 */
export async function proveCrashAndResume({ share, seed }: { share: number; seed: number }): Promise<ProofResult[]> {
  return [await proveEveryPoint(share, seed), await provePairs(share, seed)];
}

export async function proveEveryPoint(share: number, seed: number): Promise<ProofResult> {
  const began = performance.now();
  const tally = newTally();
  let points = 0;
  for (const [task, host] of tasks.flatMap((one) => hosts.map((other) => [one, other] as const))) {
    const clean = await play(tally, task, host, []);
    const [calls = []] = clean.calls;
    const all = crashPoints(calls);
    // Only there is a change told twice: these points are never left out.
    const told = all.filter(({ call, moment }) => moment === 'after' && calls[call - 1] === 'EventBus.publish');
    const chosen = new Set([...told, ...sample(all, share, seed)]);
    points += chosen.size;
    for (const point of chosen) await play(tally, task, host, [point]);
  }
  const claim =
    'killed before, after and within every external call of a first load and of a run with changes: final state = model, one page repeated at most (three where three streams list at once), every change told under one id';
  return resultOf(claim, `${points} points`, tally, began);
}

export async function provePairs(share: number, seed: number): Promise<ProofResult> {
  const began = performance.now();
  const tally = newTally();
  for (const host of hosts) {
    const clean = await play(tally, 'changes', host, []);
    for (const first of sample(spread(crashPoints(clean.calls[0] ?? []), pairedPoints), Math.sqrt(share), seed)) {
      const recovery = await play(tally, 'changes', host, [first]);
      const second = spread(crashPoints(recovery.calls[1] ?? []), pairedPoints);
      for (const point of sample(second, Math.sqrt(share), seed)) await play(tally, 'changes', host, [first, point]);
    }
  }
  const claim = `killed at each pair of ${pairedPoints} points, the second one in the process that makes up for the first: the same`;
  return resultOf(claim, `${tally.scenarios} scenarios`, tally, began);
}

/** Every point of a process that made these calls. */
export function crashPoints(calls: readonly string[]): CrashPoint[] {
  return calls.flatMap((name, index) => {
    const call = index + 1;
    const within: CrashPoint[] = name === 'Table.batchWrite' ? [{ call, moment: 'within' }] : [];
    return [{ call, moment: 'before' } as const, ...within, { call, moment: 'after' } as const];
  });
}

async function play(tally: Tally, task: Task, host: Host, points: readonly CrashPoint[]): Promise<CrashOutcome> {
  const outcome = await runCrashScenario(task, host, points);
  tally.scenarios += 1;
  tally.crashes += outcome.crashes;
  tally.ranges = outcome.ranges;
  if (points.length === 0) tally.cleanPages = outcome.pages;
  tally.mostRepeated = Math.max(tally.mostRepeated, outcome.repeatedPages);
  tally.uselessRuns += outcome.uselessRuns;
  tally.mostPages = Math.max(tally.mostPages, outcome.pages);
  const excess = outcome.repeatedPages - outcome.crashes * pagesAtOnce[task];
  const problems = excess > 0 ? [...outcome.problems, `${outcome.repeatedPages} pages repeated`] : outcome.problems;
  const replay = `(replay: node test/prove/replay.ts crash-and-resume ${task} ${host} ${points.map(textOf).join(' ')})`;
  tally.failures.push(...problems.map((problem) => `${problem} ${replay}`));
  return outcome;
}

function textOf({ call, moment }: CrashPoint): string {
  return `${moment}:${call}`;
}

/** At even distances over all of them, the first and the last among them. */
function spread<Value>(values: readonly Value[], count: number): Value[] {
  if (values.length <= count) return [...values];
  const step = (values.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, index) => values[Math.round(index * step)] as Value);
}

/** That share of the values, chosen by the seed. */
function sample<Value>(values: readonly Value[], share: number, seed: number): readonly Value[] {
  if (share >= 1) return values;
  const random = createRandomSource(seed);
  return values.filter(() => random.chance(share));
}

function newTally(): Tally {
  return {
    failures: [],
    scenarios: 0,
    crashes: 0,
    mostRepeated: 0,
    ranges: 0,
    cleanPages: 0,
    mostPages: 0,
    uselessRuns: 0,
  };
}

function resultOf(claim: string, tried: string, tally: Tally, began: number): ProofResult {
  const { failures, crashes, mostRepeated, ranges, cleanPages, mostPages, uselessRuns } = tally;
  const shown = failures.length === 0 ? '' : `: ${failures.slice(0, 5).join('; ')}`;
  const pages = `${cleanPages} pages in ${ranges} ranges, at most ${mostPages} listed and ${mostRepeated} of them again, ${uselessRuns} useless runs`;
  return {
    ...{ proof: 'crash-and-resume', claim },
    measured: `${tried} on two hosts, ${crashes} crashes, ${pages}; ${failures.length} problems${shown}`,
    passed: failures.length === 0,
    seconds: (performance.now() - began) / 1000,
  };
}
