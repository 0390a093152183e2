import type { Bucket, Buckets } from '#core/model/ports/bucket.ts';
import type { BusEvent, EventBus } from '#core/model/ports/event-bus.ts';
import type { ListedSchedule, Schedules } from '#core/model/ports/schedules.ts';
import type { Item, Key, PlainWrite, Query, Table, TransactWrite } from '#core/model/ports/table.ts';
import type { Opener, Sealer } from '#core/model/ports/vault.ts';
import type { WorkQueue } from '#core/model/ports/work-queue.ts';
import { keyIdentity, keyOfWrite } from '#core/table/table-limits.ts';
import { unasked } from '#support/unasked.ts';
import { type MemoryTable, pagedQuery } from './memory-table.ts';
import { InjectedFault, type SimulatedProcess } from './simulated-process.ts';

const fallible = { fallible: true } as const;

/** Writes of a batch that travel together, as BatchWriteItem's: a process may die between two of them. */
const batchAtOnce = 25;

/**
 * The table as one process sees it: each call waits its turn, and may fail. `onWrite` is told who writes what, right
 * before.
 */
export function gatedTable(
  process: SimulatedProcess,
  table: MemoryTable,
  hooks: {
    onRead(process: SimulatedProcess, key: Key): void;
    onWrite(process: SimulatedProcess, writes: readonly (TransactWrite | PlainWrite)[], conditional: boolean): void;
  },
): Table {
  const write = (writes: readonly TransactWrite[]): Promise<void> =>
    process.call(
      textOf('write', writes),
      () => {
        hooks.onWrite(process, writes, true);
        table.commit(writes);
      },
      fallible,
    );
  return {
    get: (key) =>
      process.call(
        `get ${shown(key)}`,
        () => {
          hooks.onRead(process, key);
          return table.read(key);
        },
        fallible,
      ),
    batchGet: (keys) => process.call(`get ${keys.length} items`, () => table.batchGet(keys), fallible),
    put: (item, condition) => write([{ put: item, ...(condition && { condition }) }]),
    delete: (key, condition) => write([{ delete: key, ...(condition && { condition }) }]),
    transact: (writes) => write(writes),
    async batchWrite(writes) {
      const left: PlainWrite[] = [];
      const last = [...new Map(writes.map((each) => [keyIdentity(keyOfWrite(each)), each])).values()];
      for (let start = 0; start < last.length; start += batchAtOnce) {
        const some = last.slice(start, start + batchAtOnce);
        const put = async (): Promise<void> => {
          hooks.onWrite(process, some, false);
          await table.batchWrite(some);
        };
        await process.call(textOf('batch', some), put, fallible).catch((error: unknown) => {
          // What is refused is pushed back; of what got no answer nobody knows.
          if (!(error instanceof InjectedFault && error.refused)) throw error;
          left.push(...some);
        });
      }
      return left;
    },
    query: (query) => pagedQuery(query, (page) => readPage(process, table, page)),
  };
}

function readPage(process: SimulatedProcess, table: MemoryTable, page: Query): Promise<Item[]> {
  return process.call(`query ${page.pk}`, () => table.slice(page), fallible);
}

function textOf(verb: string, writes: readonly (TransactWrite | PlainWrite)[]): string {
  const [first] = writes;
  if (first === undefined) return `${verb} nothing`;
  const more = writes.length > 1 ? ` and ${writes.length - 1} more` : '';
  return `${verb} ${shown(keyOfWrite(first))}${more}`;
}

function shown({ pk, sk }: Key): string {
  return `${pk} ${sk}`;
}

/** Buckets as one process sees them. They have faults of their own; `extraMs` is how long their last answer hung. */
export function gatedBuckets(process: SimulatedProcess, buckets: Buckets, extraMs: () => number): Buckets {
  return {
    open(target) {
      const bucket = buckets.open(target);
      const gated: Bucket = {
        list: (request) =>
          process.call(
            `list ${target.bucket} ${request.prefix} after ${request.startAfter ?? ''}`,
            () => bucket.list(request),
            { extraMs },
          ),
        head: (key) => process.call(`head ${target.bucket} ${key}`, () => bucket.head(key)),
        ...unasked,
        firstByte: (key) => process.call(`first byte ${key}`, () => bucket.firstByte(key)),
        presign: (key, seconds) => process.call(`presign ${key}`, () => bucket.presign(key, seconds)),
        close: () => bucket.close(),
      };
      return gated;
    },
  };
}

export function gatedQueue(process: SimulatedProcess, queue: WorkQueue): WorkQueue {
  return {
    send: (message, options) =>
      process.call(`send ${JSON.stringify(message)}`, () => queue.send(message, options), fallible),
  };
}

export function gatedBus(process: SimulatedProcess, take: (events: readonly BusEvent[]) => void): EventBus {
  return { publish: (events) => process.call(`publish ${events.length} events`, () => take(events), fallible) };
}

export function gatedVault(process: SimulatedProcess, vault: Sealer & Opener): Sealer & Opener {
  return {
    seal: (text, context) => process.call('seal', () => vault.seal(text, context), fallible),
    open: (text, context) => process.call('open', () => vault.open(text, context), fallible),
  };
}

/** `onWrite` is told right before a schedule is put or removed: nobody can make that conditional. */
export function gatedSchedules(
  process: SimulatedProcess,
  schedules: Schedules,
  onWrite: (process: SimulatedProcess, name: string) => void,
): Schedules {
  return {
    put: (schedule) =>
      process.call(
        `put schedule ${schedule.name}`,
        () => {
          onWrite(process, schedule.name);
          return schedules.put(schedule);
        },
        fallible,
      ),
    remove: (name) =>
      process.call(
        `remove schedule ${name}`,
        () => {
          onWrite(process, name);
          return schedules.remove(name);
        },
        fallible,
      ),
    read: (name) => process.call(`read schedule ${name}`, () => schedules.read(name), fallible),
    async *list() {
      const names = await process.call(
        'list schedules',
        async () => {
          const found: ListedSchedule[] = [];
          for await (const each of schedules.list()) found.push(each);
          return found;
        },
        fallible,
      );
      yield* names;
    },
  };
}
