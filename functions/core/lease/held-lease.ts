import { wasAhead } from '../model/ahead.ts';
import { ConditionFailed, Failure, type FailureCode } from '../model/errors.ts';
import { type Lease, type LeaseDeps, leaseLost, putLease, readLease } from './lease.ts';

/** A lease as its run sees it. */
export type HeldLease = {
  readonly fence: number;
  /** The lease as last read or written by this run. */
  current(): Lease;
  /** Looks whether the run was canceled, displaced, or broken off by another of its workers, and renews the lease when
   *  half of its time is gone. Throws Failure `lease_lost` if another run has it. */
  heartbeat(): Promise<{ readonly canceled: boolean; readonly failure: Failure | undefined }>;
  /** Throws Failure `lease_lost` unless writes sent now will have arrived before the lease can pass to another. */
  assertWritable(): Promise<void>;
};

/** Keeps a lease for a run. `requestTimeoutMs` is how long a write that was sent can still be under way. */
export function holdLease(deps: LeaseDeps, uid: string, taken: Lease, requestTimeoutMs: number): HeldLease {
  let lease = taken;
  const isTooLong = ({ expires_at }: Lease): boolean => wasAhead(deps.clock, expires_at, deps.leaseMs);

  const refresh = async (renew: boolean): Promise<void> => {
    for (;;) {
      const found = await readLease(deps.table, uid);
      if (found.fence !== taken.fence || found.run !== taken.run) throw leaseLost();
      lease = found;
      if (!renew && found.expires_at - deps.clock.now() > deps.leaseMs / 2 && !isTooLong(found)) return;
      const next = { ...found, version: found.version + 1, expires_at: deps.clock.now() + deps.leaseMs };
      try {
        await putLease(deps.table, uid, found, next);
        lease = next;
        return;
      } catch (error) {
        // A cancel may have come between; look again. A takeover shows in the fence.
        if (!(error instanceof ConditionFailed)) throw error;
      }
    }
  };

  return {
    fence: taken.fence,
    current: () => lease,
    async heartbeat() {
      await refresh(false);
      deps.alive?.();
      const { cancel, failure } = lease;
      // The code was that of a Failure when it was stored.
      const broken = failure && new Failure(failure.code as FailureCode, failure.message);
      return { canceled: cancel === true, failure: broken };
    },
    async assertWritable() {
      deps.alive?.();
      // By a clock that was set back a lease would seem to last for ever, and others may have ended it.
      const inTime = deps.clock.now() < lease.expires_at - requestTimeoutMs && !isTooLong(lease);
      // A run ends with its holder. Of any other worker it may have ended, and others begun, long before the lease as
      // that worker saw it runs out.
      if (inTime && taken.holder === deps.holder) return;
      await refresh(!inTime);
    },
  };
}
