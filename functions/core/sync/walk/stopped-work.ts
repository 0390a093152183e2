import { Failure } from '../../model/errors.ts';
import { type RangeWork, saveWork } from '../progress/range-work.ts';
import type { RunContext } from '../worker/run-context.ts';
import { RunCanceled, RunYielded } from '../worker/run-unwound.ts';

/** How the work on a range stood when the step began that its stream is in. */
export type Resting = Pick<RangeWork, 'position' | 'bridge' | 'saved'>;

export function restingOf({ position, bridge, saved }: RangeWork): Resting {
  return { position, bridge, saved };
}

/** A page that is refused, or never comes, leaves those before it as they are; so does whoever stops the run. */
export function isStop(error: unknown): boolean {
  if (error instanceof Failure) return error.code !== 'lease_lost';
  return error instanceof RunYielded || error instanceof RunCanceled;
}

/**
 * Stopped in the midst of a page, because the table did not take what it changed: a part of that stands. Whoever goes on lists
 * the page once more, and finds what stands unchanged; until then no more is counted than what was stored with its page.
 */
export function goBack(work: RangeWork, resting: Resting): void {
  // A range that was to be closed may be so only if the table took it.
  if (work.done) Object.assign(work, { ...resting, done: false });
  work.listed = undefined;
  work.tally = structuredClone(work.saved.tally);
}

/** Lets a range go as it was stored last. */
export async function release(context: RunContext, work: RangeWork): Promise<void> {
  try {
    await saveWork(context, work, 'released');
  } catch (reason) {
    noteNotKept(context, reason);
  }
}

/** Throws a lost lease on. */
export function noteNotKept({ deps, run }: RunContext, reason: unknown): void {
  if (reason instanceof Failure && reason.code === 'lease_lost') throw reason;
  // What stopped the stream is what the run is to tell of; the next one makes up for the rest.
  deps.log.warn('work not kept', { run: run.id, reason: reason instanceof Error ? reason.name : '' });
}
