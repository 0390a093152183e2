import type { ObjectQuota } from '#core/sync/worker/object-quota.ts';

/** For contexts of parts of a run to which no number of objects is too many. */
export const noQuota: Pick<ObjectQuota, 'demand' | 'demandPlace'> = {
  demand: async () => {},
  demandPlace: async () => {},
};
