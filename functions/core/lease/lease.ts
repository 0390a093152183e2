import * as z from 'zod';
import { wasAhead } from '../model/ahead.ts';
import { ConditionFailed, Failure } from '../model/errors.ts';
import type { Clock } from '../model/ports/host.ts';
import type { Item, Key, Table, TransactWrite } from '../model/ports/table.ts';
import { fromItem, toItem } from '../table/stored-item.ts';

/** One per uid: who may write the catalogue of `datasource`. It is never deleted while the datasource lives, for the fence must
 *  keep growing. Slots are the scheduled times (epoch ms) of ticks. */
const leaseRow = z.object({
  v: z.literal(1),
  version: z.number().int(),
  fence: z.number().int(),
  datasource: z.string().optional(),
  run: z.string().optional(),
  holder: z.string().optional(),
  /** Who put the run in the queue last: if that process died, its message may never have been sent. */
  sender: z.string().optional(),
  expires_at: z.number().int(),
  cancel: z.boolean().optional(),
  /** Nobody holds the run, and a message is on its way to whoever is to take it. */
  called: z.boolean().optional(),
  /** What broke a worker off that does not hold the lease: the run fails with it. */
  failure: z.object({ code: z.string(), message: z.string() }).optional(),
  last_slot: z.number().optional(),
  /** The id that was given last: the next one sorts behind it, whatever the clock says. */
  newest_run: z.string().optional(),
  /** Runs in a row whose process died. */
  interruptions: z.number().int().optional(),
  skipped_slots: z.number().int(),
  /** The data of the uid is being removed, or was: no run may begin on it any more. */
  purged: z.boolean().optional(),
});
export type Lease = z.output<typeof leaseRow>;

export type LeaseDeps = {
  readonly table: Table;
  readonly clock: Clock;
  /** This process. A run that waits in the queue has no holder yet. */
  readonly holder: string;
  /** False if a holder is known to be dead before its lease expired: on one machine, another boot of the process. */
  readonly isAlive: (holder: string) => boolean;
  readonly leaseMs: number;
  /** Told that the work goes on, by what lasts long: whoever hosts it may be counting. */
  readonly alive?: () => void;
};

/** A run that waits so long is reminded of; a message that comes twice does no harm. */
const remindAfterMs = 60_000;

/** A run may wait in the queue so long, counted from the last reminder, before another may take its place. */
const queuedMs = 900_000;

const unheld: Lease = { v: 1, version: 0, fence: 0, expires_at: 0, skipped_slots: 0 };

export function leaseKey(uid: string): Key {
  return { pk: uid, sk: 'lease' };
}

export async function readLease(table: Table, uid: string): Promise<Lease> {
  return leaseOf(await table.get(leaseKey(uid)));
}

/** A lease as a batch of items brought it. */
export function leaseOf(item: Item | undefined): Lease {
  return item ? fromItem(leaseRow, item) : unheld;
}

/** The latest slot that had its run, or 0. One that lies ahead was noted by a clock that was wrong; it must not silence the
 *  schedule until then. */
export function lastSlot({ clock }: Pick<LeaseDeps, 'clock'>, lease: Lease): number {
  const slot = lease.last_slot ?? 0;
  return wasAhead(clock, slot) ? 0 : slot;
}

/** What a lease becomes that a clock which was ahead gave: it ends when one taken now would. Undefined for any other. */
export function shortened(deps: LeaseDeps, lease: Lease): Lease | undefined {
  if (!wasAhead(deps.clock, lease.expires_at, Math.max(deps.leaseMs, queuedMs))) return undefined;
  const lastsMs = lease.holder === undefined ? queuedMs : deps.leaseMs;
  return { ...lease, version: lease.version + 1, expires_at: deps.clock.now() + lastsMs };
}

/** The run that holds the lease now, if one does. */
export function holdingRun(deps: Pick<LeaseDeps, 'clock' | 'isAlive'>, lease: Lease): string | undefined {
  if (lease.run === undefined || lease.expires_at <= deps.clock.now()) return undefined;
  return lease.holder === undefined || deps.isAlive(lease.holder) ? lease.run : undefined;
}

/**
 * The write that takes a lease for a run, conditional on nobody having touched it since it was read. `holder` is
 * absent for a run that is to wait in the queue.
 */
export function takeLease(
  deps: LeaseDeps,
  uid: string,
  lease: Lease,
  taken: {
    readonly datasource?: string;
    readonly run: string;
    readonly holder?: string;
    readonly slot?: number;
    readonly interruptions?: number;
    readonly purged?: boolean;
  },
): { readonly next: Lease; readonly write: TransactWrite } {
  const next: Lease = {
    v: 1,
    version: lease.version + 1,
    fence: lease.fence + 1,
    datasource: taken.datasource ?? lease.datasource,
    run: taken.run,
    holder: taken.holder,
    sender: taken.holder === undefined ? deps.holder : undefined,
    expires_at: deps.clock.now() + (taken.holder === undefined ? queuedMs : deps.leaseMs),
    last_slot: taken.slot ?? lease.last_slot,
    newest_run: taken.purged ? lease.newest_run : taken.run,
    skipped_slots: lease.skipped_slots,
    interruptions: taken.interruptions ?? lease.interruptions,
    purged: taken.purged ?? lease.purged,
  };
  return { next, write: changeLease(uid, lease, next) };
}

/** The write that replaces a lease, conditional on nobody having touched it since it was read. */
export function changeLease(uid: string, lease: Lease, next: Lease): TransactWrite {
  return {
    put: leaseItem(uid, next),
    condition: lease.version === 0 ? { type: 'absent' } : { type: 'version', equals: lease.version },
  };
}

/** The write that leaves a lease to its run without a holder, until a worker takes it from the queue. */
export function putInQueue(deps: LeaseDeps, uid: string, lease: Lease): TransactWrite {
  const { holder, ...kept } = lease;
  const expiresAt = deps.clock.now() + queuedMs;
  return changeLease(uid, lease, { ...kept, sender: holder, version: lease.version + 1, expires_at: expiresAt });
}

/** True if a run waits in the queue so long that its message may be lost, or if whoever was to send it died. */
export function seemsForgotten(deps: LeaseDeps, lease: Lease): boolean {
  if (lease.run === undefined || lease.holder !== undefined) return false;
  if (lease.sender !== undefined && !deps.isAlive(lease.sender)) return true;
  return deps.clock.now() - (lease.expires_at - queuedMs) >= remindAfterMs;
}

/** The lease of a run that waits to begin, once it was sent again: it keeps its place however full the queue is. */
export function waitingOn(deps: LeaseDeps, lease: Lease): Lease {
  return { ...lease, version: lease.version + 1, sender: deps.holder, expires_at: deps.clock.now() + queuedMs };
}

/** What a lease becomes when its run ends: free, with its fence and slots kept. */
export function freed(lease: Lease): Lease {
  const {
    run: _run,
    holder: _holder,
    cancel: _cancel,
    called: _called,
    failure: _failure,
    interruptions: _interruptions,
    ...kept
  } = lease;
  return { ...kept, version: lease.version + 1, expires_at: 0 };
}

/** Stores a changed lease, with what else is to be written then. Throws ConditionFailed if someone else changed it first. */
export async function putLease(
  table: Table,
  uid: string,
  lease: Lease,
  next: Lease,
  alongside: readonly TransactWrite[] = [],
): Promise<void> {
  await table.transact([changeLease(uid, lease, next), ...alongside]);
}

/** The check that a run still holds its fence, to go with a write in one transaction. */
export function fenceCheck(uid: string, fence: number): TransactWrite {
  return { check: leaseKey(uid), condition: { type: 'fence', atMost: fence } };
}

/**
 * Changes a lease that others may change at the same time, by reading it again as often as needed. What `alongside` makes,
 * without conditions, is written with the change, and only with it.
 */
export async function amendLease(
  table: Table,
  uid: string,
  amend: (lease: Lease) => Lease | undefined,
  alongside: () => readonly TransactWrite[] = () => [],
): Promise<Lease> {
  for (;;) {
    const lease = await readLease(table, uid);
    const next = amend(lease);
    if (next === undefined) return lease;
    try {
      await putLease(table, uid, lease, { ...next, version: lease.version + 1 }, alongside());
      return { ...next, version: lease.version + 1 };
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

/** Says that a run may no longer write, because another one took its place. */
export function leaseLost(): Failure {
  return new Failure('lease_lost', 'another run took the place of this one, which stopped where it was');
}

function leaseItem(uid: string, lease: Lease): Item {
  return toItem(leaseKey(uid), lease);
}
