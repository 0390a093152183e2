import * as z from 'zod';
import type { Item } from '#core/model/ports/table.ts';

/** `sk` is the due time, then the id; `attempt` counts the deliveries that were begun. */
const storedMessage = z.object({
  pk: z.string(),
  sk: z.string().regex(/^\d{15}#./),
  v: z.literal(1),
  message: z.unknown(),
  attempt: z.number().int().nonnegative(),
});
export type StoredMessage = z.output<typeof storedMessage>;

/** Throws if the item is not a message of this version. */
export function parseStoredMessage(item: Item): StoredMessage {
  return storedMessage.parse(item);
}

/** Orders messages by time: epoch ms in fifteen digits, which last until the year 33658. */
export function messageSortKey(dueAt: number, id: string): string {
  return `${String(dueAt).padStart(15, '0')}#${id}`;
}

/** Epoch milliseconds. */
export function dueTimeOf({ sk }: StoredMessage): number {
  return Number(sk.slice(0, 15));
}

export function idOf({ sk }: StoredMessage): string {
  return sk.slice(16);
}
