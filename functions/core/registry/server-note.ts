import * as z from 'zod';
import type { Table } from '../model/ports/table.ts';
import { fromItem, toItem } from '../table/stored-item.ts';

/**
 * What was found out about a server, by endpoint and bucket: it makes runs more careful, never less, so losing it costs
 * no more than finding it out again. It stands beside the rows: no version moves, no schedule wakes.
 */
const serverNote = z.object({
  v: z.literal(1),
  /** How runs list it, where not by several listings side by side, and why. */
  way: z.enum(['sequence', 'spool']).optional(),
  why: z.string().optional(),
  /** What its answers are forgiven. */
  tolerances: z.array(z.string()),
  /** RFC 3339. */
  noted_at: z.string(),
  ttl: z.number().int(),
});
export type ServerNote = z.output<typeof serverNote>;

/** After so long a server is asked again: it may have been replaced by a newer version. */
const keepMs = 7 * 86_400_000;

const partition = 'server';

/** @param target the hash of endpoint and bucket (`targetOf`). An expired note is none. */
export async function readServerNote(table: Table, target: string, now: number): Promise<ServerNote | undefined> {
  const item = await table.get({ pk: partition, sk: target });
  const note = item && fromItem(serverNote, item);
  return note === undefined || note.ttl * 1000 <= now ? undefined : note;
}

/** Writes what a run found out; what it found before, and still within its time, stays until then. */
export async function writeServerNote(
  table: Table,
  target: string,
  found: Pick<ServerNote, 'way' | 'why' | 'tolerances'>,
  now: number,
): Promise<void> {
  const note = { v: 1, ...found, noted_at: new Date(now).toISOString(), ttl: Math.floor((now + keepMs) / 1000) };
  await table.put(toItem({ pk: partition, sk: target }, note));
}

/** What the API shows of it. */
export function serverView({ v: _v, ttl: _ttl, way, ...told }: ServerNote): Record<string, unknown> {
  return { listing: way ?? 'ranges', ...told };
}
