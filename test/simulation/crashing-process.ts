import type { TableFeed } from '#adapters/sqlite/table-feed.ts';
import type { Buckets } from '#core/model/ports/bucket.ts';
import type { EventBus } from '#core/model/ports/event-bus.ts';
import type { Query, Table } from '#core/model/ports/table.ts';
import type { Opener } from '#core/model/ports/vault.ts';
import type { WorkQueue } from '#core/model/ports/work-queue.ts';
import { unasked } from '#support/unasked.ts';

/** When a process is killed: around its n-th call to the outside, counted from 1. `within` leaves half of a batch. */
export type CrashPoint = { readonly call: number; readonly moment: 'before' | 'within' | 'after' };

/** All that a process reaches outside of itself. */
export type Outside = {
  readonly table: Table;
  readonly buckets: Buckets;
  readonly queue: WorkQueue;
  readonly bus: EventBus;
  readonly opener: Opener;
  readonly feed: Pick<TableFeed, 'read' | 'acknowledge'>;
};

/** A process that is killed at a given point, or never. */
export type CrashingProcess = {
  readonly outside: Outside;
  /** The calls so far, by name. */
  readonly calls: readonly string[];
  /** Runs the work until it ends or the process is killed; what it throws is passed on. */
  live(work: () => Promise<void>): Promise<'ended' | 'killed'>;
};

/**
 * Starts a process on what outlives it. Once it is killed none of its calls has an effect or an answer, so no code of
 * its own can notice, which is what being killed is like.
 */
export function startProcess(outside: Outside, crash?: CrashPoint): CrashingProcess {
  const calls: string[] = [];
  let dead = false;
  let announce = (): void => {};
  const killed = new Promise<'killed'>((resolve) => {
    announce = () => resolve('killed');
  });

  const die = (): Promise<never> => {
    dead = true;
    announce();
    return silence();
  };
  const call: Caller = async (name, act, half) => {
    if (dead) return silence();
    calls.push(name);
    const struck = crash?.call === calls.length ? crash.moment : undefined;
    if (struck === 'before') return die();
    if (struck === 'within') {
      await half?.();
      return die();
    }
    try {
      const answer = await act();
      return dead || struck === 'after' ? die() : answer;
    } catch (error) {
      if (dead || struck === 'after') return die();
      throw error;
    }
  };
  return {
    calls,
    outside: guarded(outside, call, () => dead),
    live: (work) => Promise.race([work().then(() => 'ended' as const), killed]),
  };
}

type Caller = <Answer>(name: string, act: () => Promise<Answer>, half?: () => Promise<unknown>) => Promise<Answer>;

function silence(): Promise<never> {
  return new Promise(() => {});
}

function guarded({ table, buckets, queue, bus, opener, feed }: Outside, call: Caller, isDead: () => boolean): Outside {
  return {
    table: guardedTable(table, call, isDead),
    buckets: {
      open(target) {
        const bucket = buckets.open(target);
        return {
          list: (request) => call('Bucket.list', () => bucket.list(request)),
          head: (key) => call('Bucket.head', () => bucket.head(key)),
          ...unasked,
          presign: (key, seconds) => bucket.presign(key, seconds),
          close: () => bucket.close(),
        };
      },
    },
    queue: { send: (message, options) => call('WorkQueue.send', () => queue.send(message, options)) },
    bus: { publish: (events) => call('EventBus.publish', () => bus.publish(events)) },
    opener: { open: (ciphertext, context) => call('Opener.open', () => opener.open(ciphertext, context)) },
    feed: {
      read: (limit) => call('feed.read', () => feed.read(limit)),
      acknowledge: (sequence) => call('feed.acknowledge', () => feed.acknowledge(sequence)),
    },
  };
}

function guardedTable(table: Table, call: Caller, isDead: () => boolean): Table {
  return {
    get: (key) => call('Table.get', () => table.get(key)),
    batchGet: (keys) => call('Table.batchGet', () => table.batchGet(keys)),
    put: (item, condition) => call('Table.put', () => table.put(item, condition)),
    delete: (key, condition) => call('Table.delete', () => table.delete(key, condition)),
    batchWrite: (writes) =>
      call(
        'Table.batchWrite',
        () => table.batchWrite(writes),
        () => table.batchWrite(writes.slice(0, Math.ceil(writes.length / 2))),
      ),
    transact: (writes) => call('Table.transact', () => table.transact(writes)),
    query: (query) => guardedQuery(table, query, call, isDead),
  };
}

/** A query is one call, made when its first item is asked for; a process killed later gets no further item. */
async function* guardedQuery(table: Table, query: Query, call: Caller, isDead: () => boolean) {
  const items = table.query(query)[Symbol.asyncIterator]();
  try {
    let next = await call('Table.query', () => items.next());
    while (!next.done) {
      yield next.value;
      next = isDead() ? await silence() : await items.next();
    }
  } finally {
    await items.return?.();
  }
}
