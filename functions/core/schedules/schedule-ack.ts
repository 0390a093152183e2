import * as z from 'zod';
import type { Condition, Key, Table, TransactWrite } from '../model/ports/table.ts';
import { toItem } from '../table/stored-item.ts';
import { type ScheduleMark, scheduleMark } from './schedule-mark.ts';

/**
 * That the schedule of a datasource was seen to stand, and as what. Missing without it means not created yet; missing
 * with it means that somebody deleted it in the console.
 */
const scheduleAck = z.object({
  v: z.literal(1),
  version: z.number().int(),
  config_version: z.number().int(),
  written: scheduleMark,
  /**
   * As what the schedule was found in place when it was last read in full: its modification date, epoch milliseconds, a hash
   * of what it was to be, and what a put of that time wrote besides. While a list tells the same date, nobody touched it.
   */
  seen: z.object({ at: z.number(), as: z.string(), form: z.string() }).optional(),
});
export type ScheduleAck = z.output<typeof scheduleAck>;
/** What an acknowledgement says of the schedule. */
export type Standing = Pick<ScheduleAck, 'config_version' | 'written' | 'seen'>;

/**
 * `groupId` stands for one group of schedules and the table beside it. What was seen to stand in another group tells nothing of
 * this one: a table that was kept when its stack was removed, or restored from a backup, is full of schedules that are
 * missing here and that nobody deleted. Absent where schedules live in the table itself.
 */
function ackPartition(groupId: string | undefined): string {
  return groupId === undefined ? 'schedule-ack' : `schedule-ack#${groupId}`;
}

const removalPartition = 'schedule-removal';

/**
 * A removal of ours may reach Scheduler as late as its process can live, at most 15 minutes
 * (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), and then be looked at by a sweep that fails
 * a few times. What is missing until then was not deleted in the console.
 */
const removalMs = 3_600_000;

export async function readAck(table: Table, id: string, groupId?: string): Promise<ScheduleAck | undefined> {
  const item = await table.get(ackKey(id, groupId));
  return item && scheduleAck.parse(item);
}

/** The ids of all datasources whose schedule was acknowledged. */
export async function* listAcknowledged(table: Table, groupId?: string): AsyncIterable<string> {
  for await (const item of table.query({ pk: ackPartition(groupId) })) yield item.sk;
}

/** The acknowledgements of the ids beyond one, up to and with another. For one that cannot be read undefined stands: who
 *  comes to it reads it again and fails. */
export async function readAcks(
  table: Table,
  span: { readonly after?: string; readonly through?: string },
  groupId?: string,
): Promise<Map<string, ScheduleAck | undefined>> {
  const acks = new Map<string, ScheduleAck | undefined>();
  for await (const item of table.query({ pk: ackPartition(groupId), ...span })) {
    acks.set(item.sk, scheduleAck.safeParse(item).data);
  }
  return acks;
}

/**
 * Stores that a schedule stands, unless that is known. Throws ConditionFailed if the acknowledgement is not the one that
 * was read before.
 */
export async function acknowledge(
  table: Table,
  id: string,
  before: ScheduleAck | undefined,
  stands: Standing,
  groupId?: string,
): Promise<void> {
  if (before !== undefined && isSame(before, stands)) return;
  const next: ScheduleAck = { v: 1, version: (before?.version ?? 0) + 1, ...stands };
  const condition: Condition = before ? { type: 'version', equals: before.version } : { type: 'absent' };
  await table.put(toItem(ackKey(id, groupId), next), condition);
}

/** The write that takes an acknowledgement back, conditional on its being the one that was read. */
export function takeBack(id: string, ack: ScheduleAck, groupId?: string): TransactWrite & { readonly delete: Key } {
  return { delete: ackKey(id, groupId), condition: { type: 'version', equals: ack.version } };
}

/** To be stored before a schedule is removed, so that nobody takes a late removal for a deletion in the console. */
export async function announceRemoval(table: Table, id: string, now: number): Promise<void> {
  const until = now + removalMs;
  await table.put({ pk: removalPartition, sk: id, v: 1, until, ttl: Math.ceil(until / 1000) });
}

/** Whether a removal of ours may have come after the schedule was seen to stand. */
export async function mayBeOurRemoval(table: Table, id: string, now: number): Promise<boolean> {
  const item = await table.get({ pk: removalPartition, sk: id });
  return item !== undefined && z.object({ until: z.number() }).parse(item).until > now;
}

/** Whoever did not read the schedule in full says nothing of how it was seen. */
function isSame(one: Standing, other: Standing): boolean {
  const fields = ['life', 'timing', 'timing_at', 'state', 'state_at'] as const satisfies (keyof ScheduleMark)[];
  const sameSight =
    other.seen === undefined ||
    (['at', 'as', 'form'] as const).every((field) => one.seen?.[field] === other.seen?.[field]);
  return (
    sameSight &&
    one.config_version === other.config_version &&
    fields.every((field) => one.written[field] === other.written[field])
  );
}

function ackKey(id: string, groupId: string | undefined): Key {
  return { pk: ackPartition(groupId), sk: id };
}
