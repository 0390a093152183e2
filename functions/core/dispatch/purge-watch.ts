import { amendLease, type LeaseDeps } from '../lease/lease.ts';
import type { Emptied } from '../purges/empty-partitions.ts';

/** What holds the lease while a uid is being purged. */
export const purgeRun = 'purge';

/** A lease of 930 s, on AWS, is looked at 90 times; one of two minutes every second. */
const looks = 90;

export type WatchDeps = Pick<LeaseDeps, 'table' | 'clock' | 'alive' | 'leaseMs'> & { readonly yieldAt?: number };

/**
 * Whether a worker of a purge goes on: not when its time is over and it got something done, for to hand on after nothing
 * could go on for ever; and not when the lease is another purge's by now. The worker that holds it, `holds`, renews it on
 * the way, so that what lasts longer than a lease is not begun a second time.
 */
export function watchPurge(
  deps: WatchDeps,
  uid: string,
  fence: number,
  { holds = true } = {},
): (done: Emptied) => Promise<boolean> {
  let lookAt = deps.clock.now() + deps.leaseMs / looks;
  let ours = true;
  return async ({ items, places }) => {
    deps.alive?.();
    const now = deps.clock.now();
    if (items + places > 0 && now >= (deps.yieldAt ?? Number.POSITIVE_INFINITY)) return false;
    if (now < lookAt) return ours;
    lookAt = now + deps.leaseMs / looks;
    await amendLease(deps.table, uid, (lease) => {
      ours = lease.fence === fence;
      const isHalfOver = lease.expires_at - now < deps.leaseMs / 2;
      return ours && holds && isHalfOver ? { ...lease, expires_at: now + deps.leaseMs } : undefined;
    });
    return ours;
  };
}
