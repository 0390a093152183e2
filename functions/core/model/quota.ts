import { Failure } from './errors.ts';

/** How many of something there may be, and the setting of this host that says so. */
export type Quota = { readonly most: number; readonly setting: string };

/** Of rows; what stands is never removed for them, and may be changed whatever they say. */
export type RowQuotas = { readonly datasources: Quota; readonly connectors: Quota };

/**
 * Each has a schedule that is looked at every five minutes and rows that a search reads: ten thousand are a second of either.
 * A datasource of two billion objects takes 30 hours to list at one LIST of 50 ms a page, side by side, and 1 TB of table.
 */
export const defaultQuotas = {
  datasources: 10_000,
  connectors: 1000,
  objects: 2_000_000_000,
} as const;

/** The refusal of a row beyond a quota: Failure `quota_exceeded`. */
export function quotaExceeded(kind: string, { most, setting }: Quota): Failure {
  return new Failure(
    'quota_exceeded',
    `there may be ${most.toLocaleString('en')} ${kind}s, and there are as many; delete some, or raise the setting ${setting}`,
  );
}
