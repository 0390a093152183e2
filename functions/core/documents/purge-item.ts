import type { Item } from '../ports.ts';

/** What marks the data of a uid for purging; it stays until the purge is done, so a lost message loses nothing. */
export const purgePartition = 'purge';

export function purgeItem(uid: string, datasourceId: string): Item {
  return { pk: purgePartition, sk: uid, v: 1, datasource: datasourceId };
}
