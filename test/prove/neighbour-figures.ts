import * as z from 'zod';
import { type WaitSample, waitedBetween } from './machine-wait.ts';

/** What one good datasource's slots came to. */
export type Promptness = {
  readonly slots: number;
  /** Slots without a run that completed and listed all, but for those in which the run before was still on, and would not
   *  have been by itself. */
  readonly missed: number;
  /** All slots without one. */
  readonly skipped: number;
  /** From slot to beginning and from slot to end, seconds, of each run. */
  readonly begunAfter: readonly number[];
  readonly endedAfter: readonly number[];
  /** The same without what the machine kept the process from a core meanwhile; for the end that or what it kept the servers,
   *  whichever is more: each waits for the other, so both together would be too much. */
  readonly begunByItself: readonly number[];
  readonly endedByItself: readonly number[];
};

export type Measured = {
  readonly good: readonly Promptness[];
  readonly slowestGetMs: number;
  readonly megabytes: number;
  readonly stalledMs: number;
  readonly cpuSeconds: number;
  readonly kinds: number;
  readonly requests: number;
};

const mostLateSeconds = 2;

/** What was due so shortly before the end is not judged: on a machine that does much else its run may be under way still. */
const settlingMs = 20_000;
const mostMegabytes = 768;

const run = z.object({
  status: z.string(),
  trigger: z.string(),
  scheduled_at: z.string().optional(),
  started_at: z.string().optional(),
  completed_at: z.string().optional(),
  counters: z.object({ listed: z.number() }),
});

const seconds = { '10s': 10, '30s': 30, '1m': 60 } as const;

/** What was watched, and when. `waits`: what product and servers were kept from a core, as they sampled it. */
export type Watch = {
  readonly from: number;
  readonly until: number;
  readonly objectsEach: number;
  readonly waits: { readonly product: WaitSample[]; readonly servers: WaitSample[] };
};

/** @param runs newest first, as the API shows them; a hundred of them reach back for ten minutes at the least. */
export function promptnessOf(
  runs: readonly unknown[],
  interval: keyof typeof seconds,
  { from, until, objectsEach, waits }: Watch,
): Promptness {
  const gapMs = seconds[interval] * 1000;
  const scheduled = runs
    .map((one) => run.parse(one))
    .filter(({ trigger, scheduled_at: slot }) => trigger === 'schedule' && slot !== undefined)
    .map((one) => ({ ...one, slot: Date.parse(one.scheduled_at ?? '') }))
    // See above.
    .filter(({ slot }) => slot >= from && slot < until - settlingMs);
  const slots = new Set(scheduled.map(({ slot }) => slot));
  const first = Math.min(...slots);
  const expected = slots.size === 0 ? 0 : Math.floor((until - settlingMs - 1 - first) / gapMs) + 1;
  const well = scheduled.filter(({ status, counters }) => status === 'completed' && counters.listed === objectsEach);
  const after = (at: string | undefined, slot: number): number =>
    at === undefined ? Number.POSITIVE_INFINITY : (Date.parse(at) - slot) / 1000;
  const byItself = (at: string | undefined, slot: number, samples: readonly WaitSample[][]): number =>
    after(at, slot) - Math.max(...samples.map((of) => waitedBetween(of, slot, Date.parse(at ?? '')) / 1000));
  const served = new Set(well.map(({ slot }) => slot));
  const isExcused = (slot: number): boolean =>
    well.some(
      (one) =>
        one.slot < slot &&
        Date.parse(one.completed_at ?? '') >= slot &&
        byItself(one.completed_at, one.slot, [waits.product, waits.servers]) * 1000 < gapMs,
    );
  const wanted = Array.from({ length: expected }, (_, index) => first + index * gapMs);
  const without = wanted.filter((slot) => !served.has(slot));
  return {
    slots: expected,
    missed: without.filter((slot) => !isExcused(slot)).length,
    skipped: without.length,
    begunAfter: scheduled.map(({ started_at: at, slot }) => after(at, slot)),
    endedAfter: scheduled.map(({ completed_at: at, slot }) => after(at, slot)),
    begunByItself: scheduled.map(({ started_at: at, slot }) => byItself(at, slot, [waits.product])),
    endedByItself: scheduled.map(({ completed_at: at, slot }) => byItself(at, slot, [waits.product, waits.servers])),
  };
}

const waited = z.object({ waited: z.object({ at: z.number(), waitedMs: z.number() }) });

/** From what the child printed. */
export function readWaits(lines: readonly string[]): WaitSample[] {
  const told = lines.filter((line) => line.startsWith('{"waited"'));
  return told.map((line) => waited.parse(JSON.parse(line)).waited);
}

const taken = z.object({
  taken: z.object({ megabytes: z.number(), stalledMs: z.number(), cpuSeconds: z.number() }),
});

/** From what the child printed. */
export function readTaken(lines: readonly string[]): z.output<typeof taken>['taken'] {
  const all = lines.filter((line) => line.startsWith('{"taken"')).map((line) => taken.parse(JSON.parse(line)).taken);
  const last = all.at(-1) ?? { megabytes: Number.NaN, cpuSeconds: Number.NaN };
  return { ...last, stalledMs: Math.max(...all.map(({ stalledMs }) => stalledMs)) };
}

export function judge({ good, megabytes }: Measured, whole: boolean): boolean {
  // How late a run begins is judged in the ten minutes alone: a share runs beside the tests of any machine.
  const isPrompt = (begun: readonly number[]) => !whole || begun.every((after) => after <= mostLateSeconds);
  const prompt = good.every(({ slots, missed, begunByItself }) => slots > 0 && missed === 0 && isPrompt(begunByItself));
  return prompt && megabytes <= mostMegabytes;
}

export function figuresOf({ good, ...measured }: Measured): string {
  const slots = good.reduce((sum, one) => sum + one.slots, 0);
  const missed = good.reduce((sum, one) => sum + one.missed, 0);
  const skipped = good.reduce((sum, one) => sum + one.skipped, 0);
  const silent = good.filter((one) => one.slots === 0).length;
  const begun = spread(good.flatMap(({ begunByItself }) => begunByItself));
  const ended = spread(good.flatMap(({ endedByItself }) => endedByItself));
  const begunByClock = spread(good.flatMap(({ begunAfter }) => begunAfter));
  const endedByClock = spread(good.flatMap(({ endedAfter }) => endedAfter));
  return (
    `${slots} slots, ${missed} missed (by the clock ${skipped}), ${silent} datasources without one; begun after ${begun}, ended after ${ended}, ` +
    `by the clock, with what the machine gave to others, begun after ${begunByClock}, ended after ${endedByClock}; ` +
    `slowest GET ${measured.slowestGetMs} ms; ${measured.megabytes} MB, ${measured.cpuSeconds.toFixed(0)} s of CPU, ` +
    `event loop stalled ${measured.stalledMs} ms at the longest; ${measured.requests} requests met ${measured.kinds} kinds`
  );
}

function spread(values: readonly number[]): string {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(2);
  return `${at(0.5)} s (median), ${at(0.99)} s (99 %), ${at(1)} s (most)`;
}
