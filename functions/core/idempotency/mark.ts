import * as z from 'zod';
import type { Clock } from '../model/ports/host.ts';
import type { Key, Table } from '../model/ports/table.ts';

type MarkDeps = { readonly table: Table; readonly clock: Clock };

/** How long requests are known that clients send again: a day, as the wire contract says of creates. */
export const dayMs = 86_400_000;

const markItem = z.object({ at: z.number(), value: z.string() });

/** Notes that a request was served; `value` says with what. `request` names it and must hold no secret. */
export async function putMark({ table, clock }: MarkDeps, request: string, value: string): Promise<void> {
  const at = clock.now();
  await table.put({ ...place(request), v: 1, at, value, ttl: Math.ceil((at + dayMs) / 1000) });
}

/** What a request was served with, if that was less than `keepMs` ago (a day at most). */
export async function readMark(
  { table, clock }: MarkDeps,
  request: string,
  keepMs: number,
): Promise<string | undefined> {
  const item = await table.get(place(request));
  if (item === undefined) return undefined;
  const { at, value } = markItem.parse(item);
  return at + keepMs > clock.now() ? value : undefined;
}

/** From now on the request is a new one. */
export async function dropMark({ table }: Pick<MarkDeps, 'table'>, request: string): Promise<void> {
  await table.delete(place(request));
}

/** Each has a partition of its own: nothing ever lists them. */
function place(request: string): Key {
  return { pk: `idempotency#${request}`, sk: 'mark' };
}
