import * as z from 'zod';
import { liesAhead } from '../model/ahead.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { Key, Table } from '../model/ports/table.ts';
import { fromItem, toItem } from '../table/stored-item.ts';
import type { LeaseDeps } from './lease.ts';

const counts = z.record(z.string(), z.number());

/** One per sweep: whose turn it is, and how far the round is that is under way. Times in epoch milliseconds. */
const turnRow = z.object({
  v: z.literal(1),
  version: z.number().int(),
  holder: z.string().optional(),
  expires_at: z.number(),
  round: z.object({ began_at: z.number(), after: z.string().optional(), counts }).optional(),
  /** When the last round began that came to its end. */
  last_began_at: z.number().optional(),
});
type Turn = z.output<typeof turnRow>;

export type TurnDeps = Pick<LeaseDeps, 'table' | 'clock' | 'holder' | 'isAlive' | 'alive'> & {
  /** When this invocation should leave the rest to another, epoch milliseconds. */
  readonly yieldAt?: number;
};

/** One walk over all datasources, maybe by several invocations. */
export type Round = {
  readonly beganAt: number;
  /** When the round before it began that came to its end; none is known at first. */
  readonly lastBeganAt: number | undefined;
  /** The id after which to go on. */
  readonly after: string | undefined;
  /** Sums over all slices so far. */
  readonly counts: Readonly<Record<string, number>>;
};

/** A slice whose work is done: it ends with this id, the last one with none. What it counted is added up by name. */
export type Slice = { readonly through: string | undefined; readonly counts: Readonly<Record<string, number>> };

/**
 * Many times what a slice takes. A turn keeps sweeps from doing the same work at once; nothing breaks where two do, so
 * that the next sweep need not wait for as long as a process can live.
 */
const turnMs = 120_000;

const untouched: Turn = { v: 1, version: 0, expires_at: 0 };

/**
 * Goes over all datasources, one process at a time: `slices` does the work from `round.after` on and says after each slice
 * how far it is. What an invocation did not come to, or died with, the next one goes on with.
 *
 * @returns the round when it came to its end; undefined when another process has the turn or the time was over.
 */
export async function sweepInTurn(
  deps: TurnDeps,
  name: string,
  slices: (round: Round) => AsyncIterable<Slice>,
): Promise<Round | undefined> {
  let turn = await takeTurn(deps, name);
  if (turn === undefined) return undefined;
  try {
    for await (const { through, counts: counted } of slices(roundOf(deps, turn))) {
      const round = { ...roundOf(deps, turn), after: through, counts: summed(turn.round?.counts ?? {}, counted) };
      deps.alive?.();
      const ended = through === undefined;
      turn = await putTurn(deps, name, turn, ended ? { last_began_at: round.beganAt } : held(deps, turn, round));
      if (ended) return round;
      if (deps.clock.now() >= (deps.yieldAt ?? Number.POSITIVE_INFINITY)) break;
    }
    await putTurn(deps, name, turn, left(turn));
    return undefined;
  } catch (error) {
    // Another process took the turn, as this one seemed to be dead.
    if (error instanceof TurnLost) return undefined;
    await putTurn(deps, name, turn, left(turn)).catch(() => undefined);
    throw error;
  }
}

class TurnLost extends Error {}

async function takeTurn(deps: TurnDeps, name: string): Promise<Turn | undefined> {
  const item = await deps.table.get(turnKey(name));
  const turn = item ? fromItem(turnRow, item) : untouched;
  const now = deps.clock.now();
  const inTime = turn.expires_at > now && !liesAhead(turn.expires_at, now, turnMs);
  if (turn.holder !== undefined && inTime && deps.isAlive(turn.holder)) return undefined;
  const { began_at: beganAt = now, after, counts: counted = {} } = turn.round ?? {};
  const round = { beganAt: after === undefined ? now : beganAt, after, counts: after === undefined ? {} : counted };
  try {
    return await putTurn(deps, name, turn, held(deps, turn, round));
  } catch (error) {
    if (error instanceof TurnLost) return undefined;
    throw error;
  }
}

type Next = Omit<Turn, 'v' | 'version' | 'expires_at'> & { readonly expires_at?: number };

function held(
  { clock, holder }: TurnDeps,
  { last_began_at }: Turn,
  { beganAt, after, counts: counted }: Pick<Round, 'beganAt' | 'after' | 'counts'>,
): Next {
  const round = { began_at: beganAt, after, counts: { ...counted } };
  return { holder, expires_at: clock.now() + turnMs, round, last_began_at };
}

function left({ round, last_began_at }: Turn): Next {
  return { round, last_began_at };
}

async function putTurn({ table }: { table: Table }, name: string, before: Turn, next: Next): Promise<Turn> {
  const turn: Turn = { v: 1, expires_at: 0, ...next, version: before.version + 1 };
  try {
    await table.put(
      toItem(turnKey(name), turn),
      before.version === 0 ? { type: 'absent' } : { type: 'version', equals: before.version },
    );
    return turn;
  } catch (error) {
    if (error instanceof ConditionFailed) throw new TurnLost();
    throw error;
  }
}

function roundOf({ clock }: TurnDeps, { round, last_began_at: last }: Turn): Round {
  const now = clock.now();
  return {
    beganAt: round?.began_at ?? now,
    lastBeganAt: last === undefined || liesAhead(last, now) ? undefined : last,
    after: round?.after,
    counts: round?.counts ?? {},
  };
}

function summed(one: Round['counts'], other: Round['counts']): Round['counts'] {
  const sums: Record<string, number> = { ...one };
  for (const [name, count] of Object.entries(other)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

function turnKey(name: string): Key {
  return { pk: 'sweep', sk: name };
}
