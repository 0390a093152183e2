import { createHash } from 'node:crypto';
import { compareKeys } from '../keys/byte-order.ts';
import { type Round, type Slice, sweepInTurn, type TurnDeps } from '../lease/sweep-turn.ts';
import type { ListedSchedule } from '../model/ports/schedules.ts';
import { pageDatasources } from '../registry/datasource-store.ts';
import { watchMissing } from './missing-schedules.ts';
import { type ReconcileDeps, reconcileSchedule } from './reconcile-schedules.ts';
import { readAcks } from './schedule-ack.ts';
import { judgeListed, type Known, seemsDeleted } from './schedule-sight.ts';

/** How a round ended; metrics are made of it. `missing`: at least so many are gone, too many for any to be paused for it. */
export type ComparedCounts = { readonly schedules: number; readonly read: number; readonly missing: number };

export type SchedulesSweepDeps = ReconcileDeps &
  TurnDeps & {
    /** Told how a round ended. */
    readonly compared?: (counts: ComparedCounts) => void;
  };

/** Schedules that are looked at at once: enough to hide the time each read takes. */
const atOnce = 8;

/** A slice is some seconds at the most, also where each of its schedules is read. */
const sliceDatasources = 1000;

/** After a deployment all schedules are read: in rounds that end within their five minutes. */
const mostUnread = 20_000;

/** Each schedule is read in full once a day, in the window that its name falls into. */
const windowMs = 300_000;
const windowsADay = 288;

/**
 * Makes all schedules what the datasources wish for: creates what is missing, removes what is left over. Of those that a
 * list shows untouched since they were last read in full, a share is read, so that each one is once a day. One
 * process does it at a time; what its time does not suffice for, the next call goes on with. A schedule that cannot
 * be put does not keep the others from it; what failed is thrown at the end as one AggregateError.
 */
export async function reconcileAllSchedules(deps: SchedulesSweepDeps): Promise<void> {
  const errors: unknown[] = [];
  const ended = await sweepInTurn(deps, 'schedules', (round) => reconcileFrom(deps, round, errors));
  if (ended !== undefined) {
    const { schedules = 0, read = 0, missing = 0 } = ended.counts;
    deps.compared?.({ schedules, read, missing });
  }
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} schedules could not be reconciled`);
}

async function* reconcileFrom(deps: SchedulesSweepDeps, round: Round, errors: unknown[]): AsyncIterable<Slice> {
  const listed: ListedSchedule[] = [];
  for await (const each of deps.schedules.list()) listed.push(each);
  listed.sort((one, other) => compareKeys(one.name, other.name));
  let missing = await watchMissing(deps, new Set(listed.map(({ name }) => name)));
  if (missing > 0) deps.log.error('schedules missing: no datasource is paused for it', { at_least: missing });
  const manyMissing = missing > 0;
  // A round that goes on from another invocation has counted them there, or counts them again: the alarm rings above 0.
  let unread = mostUnread - (round.counts.unread ?? 0);
  const isDue = dueInRound(round);
  for await (const { through, known } of slicesOf(deps, listed, round.after)) {
    const toRead: string[] = [];
    const before = unread;
    for (const [id, each] of known) {
      // Nothing would come of reading it, and there may be as many of them as there are datasources.
      if (manyMissing && each.listed === undefined && seemsDeleted(each)) continue;
      const verdict = judgeListed(each, deps.form ?? '', deps.clock.now());
      const reads = verdict === 'look' || isDue(id) || (verdict === 'unread' && unread > 0);
      if (verdict === 'unread' && reads) unread -= 1;
      if (reads) toRead.push(id);
    }
    await readAll(deps, toRead, errors);
    yield { through, counts: { schedules: known.size, read: toRead.length, unread: before - unread, missing } };
    missing = 0;
  }
}

async function readAll(deps: SchedulesSweepDeps, ids: readonly string[], errors: unknown[]): Promise<void> {
  const waiting = ids.values();
  const worker = async (): Promise<void> => {
    for (const id of waiting) await reconcileSchedule(deps, id).catch((error: unknown) => errors.push(error));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** All ids that there are, in slices by their order: of datasources, of acknowledgements, of schedules. */
async function* slicesOf(
  { table, groupId }: SchedulesSweepDeps,
  listed: readonly ListedSchedule[],
  after: string | undefined,
): AsyncIterable<{ through: string | undefined; known: Map<string, Known> }> {
  let next = after === undefined ? 0 : listed.findIndex(({ name }) => compareKeys(name, after) > 0);
  if (next < 0) next = listed.length;
  for (let from = after; ; ) {
    const rows = await pageDatasources(table, from, sliceDatasources);
    const through = rows.length < sliceDatasources ? undefined : rows.at(-1)?.id;
    const span = { ...(from === undefined ? {} : { after: from }), ...(through === undefined ? {} : { through }) };
    const acks = await readAcks(table, span, groupId);
    const known = new Map<string, Known>(
      rows.map((row) => [row.id, { row, ack: acks.get(row.id), listed: undefined }]),
    );
    for (const [id, ack] of acks) if (!known.has(id)) known.set(id, { row: undefined, ack, listed: undefined });
    for (; next < listed.length; next += 1) {
      const each = listed[next];
      if (each === undefined || (through !== undefined && compareKeys(each.name, through) > 0)) break;
      known.set(each.name, { row: undefined, ack: undefined, ...known.get(each.name), listed: each });
    }
    yield { through, known };
    if (through === undefined) return;
    from = through;
  }
}

/** Whether the window of a name lies between the beginning of the last round and this one. */
function dueInRound({ beganAt, lastBeganAt }: Round): (id: string) => boolean {
  const through = Math.floor(beganAt / windowMs);
  const after = lastBeganAt === undefined ? through - 1 : Math.floor(lastBeganAt / windowMs);
  const windows = Math.min(windowsADay, through - after);
  return (id) => {
    const own = createHash('sha256').update(id).digest().readUInt32BE(0) % windowsADay;
    return (((through - own) % windowsADay) + windowsADay) % windowsADay < windows;
  };
}
