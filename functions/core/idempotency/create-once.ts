import * as z from 'zod';
import { wasAhead } from '../model/ahead.ts';
import { Failure } from '../model/errors.ts';
import type { Clock, Ids } from '../model/ports/host.ts';
import type { Item, Key, Table, TransactWrite } from '../model/ports/table.ts';
import type { Alongside } from '../table/registry-number.ts';
import { openRequestHash } from './request-hash.ts';

export type CreateRequest = {
  /** Method and path, with the ids in it: the same content sent elsewhere asks for something else. */
  readonly route: string;
  /** The JSON that was sent. */
  readonly body: unknown;
  /** What the caller sent as Idempotency-Key, if anything. */
  readonly key?: string;
};

/** How one kind of thing is created. */
export type CreateSteps<Row> = {
  /** The row with this id, if it is there. */
  readonly read: (id: string) => Promise<Row | undefined>;
  /** Stores a new row in one transaction with what `alongside` makes of it; Failure `conflict` if that cannot be. */
  readonly create: (alongside: Alongside) => Promise<Row>;
};

type OnceDeps = { readonly table: Table; readonly clock: Clock; readonly ids: Ids };

/** The wire contract's: what is sent again within a day is the same request. */
const keepMs = 86_400_000;

/** Of requests at once one wins; the others find what it made when they try again. */
const attempts = 5;

/** What a create is refused with where the same request was served at the same moment: it may have had the last place. */
const mayBeMade = new Set<string>(['conflict', 'quota_exceeded']);

/** What a request made. `body` hashes what it asked for, `id` and `created` name the row. */
const markItem = z.object({
  version: z.number().int(),
  at: z.number(),
  body: z.string(),
  id: z.string(),
  created: z.string(),
});
type Mark = z.output<typeof markItem>;

/**
 * Creates what is asked for, or finds what the same request made within the last 24 hours, if that still exists: a client
 * sends a create again when it did not hear of the first. A request is the same by its Idempotency-Key, or without one
 * by its content. A new key with old content creates another one: whoever chooses keys says what is a repetition.
 *
 * The mark is stored in the transaction that creates, so there never is one without the other, and of two requests at once
 * the second fails and finds the mark of the first. Throws Failure `invalid_request` for a key that came with another
 * body before, and whatever `steps` throws.
 */
export async function createOnce<Row extends { readonly created: string }>(
  deps: OnceDeps,
  request: CreateRequest,
  steps: CreateSteps<Row>,
): Promise<Row> {
  const hash = await openRequestHash(deps);
  const body = hash([request.route, request.body]);
  const byContent = markPlace(hash(['content', body]));
  const deciding = request.key === undefined ? byContent : markPlace(hash(['key', request.route, request.key]));
  for (let attempt = 1; ; attempt += 1) {
    const mark = await readMark(deps, deciding);
    const original = mark && (await originalOf(mark, body, steps));
    if (original !== undefined) return original;
    try {
      return await steps.create((row) => {
        // Never one that an earlier mark had: the store may remove that between our read and our write.
        const version = Math.max((mark?.version ?? 0) + 1, deps.clock.now());
        const next = { v: 1, ...markOf(deps, row, body), version };
        const condition = mark ? ({ type: 'version', equals: mark.version } as const) : ({ type: 'absent' } as const);
        const writes: TransactWrite[] = [{ put: { ...deciding, ...next }, condition }];
        if (request.key !== undefined) writes.push({ put: { ...byContent, ...next } });
        return writes;
      });
    } catch (error) {
      if (!(error instanceof Failure) || !mayBeMade.has(error.code) || attempt === attempts) throw error;
    }
  }
}

async function originalOf<Row extends { readonly created: string }>(
  mark: Mark & { readonly fresh: boolean },
  body: string,
  steps: CreateSteps<Row>,
): Promise<Row | undefined> {
  if (!mark.fresh) return undefined;
  if (mark.body !== body) {
    const reason = 'came with another body before; use a new key for a new request';
    throw new Failure('invalid_request', `the Idempotency-Key ${reason}`, {
      details: [{ path: 'Idempotency-Key', reason }],
    });
  }
  const row = await steps.read(mark.id);
  // Another one may have been given the id of one that was deleted.
  return row?.created === mark.created ? row : undefined;
}

/** Each hash has a partition of its own: nothing ever lists them. */
function markPlace(hash: string): Key {
  return { pk: `idempotency#${hash}`, sk: 'mark' };
}

async function readMark({ table, clock }: OnceDeps, place: Key): Promise<(Mark & { fresh: boolean }) | undefined> {
  const item = await table.get(place);
  if (item === undefined) return undefined;
  const mark = markItem.parse(item);
  // The store removes what has expired whenever it likes.
  return { ...mark, fresh: mark.at + keepMs > clock.now() && !wasAhead(clock, mark.at) };
}

function markOf({ clock }: OnceDeps, row: Item, body: string) {
  const at = clock.now();
  return { at, body, id: row.sk, created: z.string().parse(row.created), ttl: Math.ceil((at + keepMs) / 1000) };
}
