import * as z from 'zod';
import { Failure } from '#core/model/errors.ts';
import { displayName } from '#core/model/identifier.ts';
import { keyPrefix } from '#core/source/s3-config.ts';
import { isNumber } from '../steps/path-parameters.ts';

const cron = z.string('must be a text such as "0 6 * * *"').max(256, 'must be at most 256 characters').nullish();

/** An id in a body: a number, or its text. */
const idInBody = z
  .union([z.number(), z.string()], 'must be the id of a connector, a whole number from 1')
  .transform(String)
  .refine(isNumber, 'must be the id of a connector, a whole number from 1');

const fields = {
  connector_id: idInBody.optional(),
  name: displayName.optional(),
  cron_expression: cron,
  cron,
  interval: z
    .string('must be a text such as "6h", "24h" or "30s"')
    .max(256, 'must be at most 256 characters')
    .nullish(),
  timezone: z.string('must be an IANA name such as "Europe/Berlin"').max(64, 'must be at most 64 characters').nullish(),
  prefix_filter: keyPrefix.nullish(),
  prefix: keyPrefix.nullish(),
  is_active: z.boolean('must be true or false').optional(),
  enabled: z.boolean('must be true or false').optional(),
};

/** The body of POST /v1/connectors/{connector}/schedules. */
export const newSchedule = z.strictObject(fields);

/** The body of POST /v1/scheduler/schedules. */
export const newScheduleOnConnector = z.strictObject({ ...fields, connector_id: idInBody });

/** The body of PATCH. What an answer carried besides may be sent back; it is read, then ignored. */
export const scheduleChange = z.strictObject({
  ...fields,
  id: z.unknown().optional(),
  last_run_at: z.unknown().optional(),
  next_run_at: z.unknown().optional(),
  created_at: z.unknown().optional(),
  /** What an answer carried: a condition, as If-Match is. */
  version: z.string('must be the version of a schedule, as it was shown').max(256, 'is no version').optional(),
});

type Given = z.output<typeof newSchedule>;

/** What is asked of a schedule, whichever spelling was used. */
export type ScheduleWish = {
  readonly name?: string;
  readonly cron?: string;
  readonly interval?: string;
  readonly timezone?: string;
  /** null: the connector's. */
  readonly prefix?: string | null;
  readonly active?: boolean;
};

/**
 * Folds the spellings of a field into one. A null timing counts as absent, as an answer has it for the other kind. Throws
 * Failure `invalid_request` where two spellings contradict each other, or for cron and interval together.
 */
export function readSchedule(given: Given): ScheduleWish {
  const timing = fold('cron_expression', given.cron_expression, 'cron', given.cron) ?? undefined;
  const interval = given.interval ?? undefined;
  if (timing !== undefined && interval !== undefined) {
    throw invalid('interval', 'cannot go with cron_expression: give one of them, and null or nothing for the other');
  }
  return {
    name: given.name,
    cron: timing,
    interval,
    timezone: given.timezone ?? undefined,
    prefix: fold('prefix_filter', given.prefix_filter, 'prefix', given.prefix),
    active: fold('is_active', given.is_active, 'enabled', given.enabled),
  };
}

/** The same for a new one, which needs a timing. */
export function readNewSchedule(given: Given): ScheduleWish {
  const wish = readSchedule(given);
  if (wish.cron !== undefined || wish.interval !== undefined) return wish;
  throw invalid('cron_expression', 'or interval is required, such as "0 6 * * *" or "6h"');
}

/** Throws Failure `invalid_request` for a body that names another connector than the schedule's. */
export function demandSameConnector(
  { connector_id: given }: { connector_id?: string | undefined },
  number: number,
): void {
  if (given === undefined || given === String(number)) return;
  throw invalid('connector_id', `must be ${number}: a schedule stays with its connector`);
}

function invalid(path: string, reason: string): Failure {
  return new Failure('invalid_request', `schedule is not valid: ${path} ${reason}`, { details: [{ path, reason }] });
}

/** The value of a field that has two names. */
function fold<Value>(
  one: string,
  first: Value | undefined,
  other: string,
  second: Value | undefined,
): Value | undefined {
  if (first === undefined) return second;
  if (second === undefined || first === second) return first;
  throw invalid(other, `contradicts ${one}; give one of them`);
}
