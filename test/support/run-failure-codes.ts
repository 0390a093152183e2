import type { RunFailureCode } from '#core/model/errors.ts';

/** What only a run fails with. The compiler asks for a line here with each new code. */
const codes: Readonly<Record<RunFailureCode, true>> = {
  scope_changed: true,
  lease_lost: true,
  interrupted: true,
  run_time_limit: true,
  run_page_limit: true,
  listing_too_large: true,
  table_throttled: true,
  internal: true,
};

export const runFailureCodes = Object.keys(codes) as RunFailureCode[];
