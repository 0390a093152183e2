import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { createTableWorkQueue, type TableWorkQueueOptions } from '#adapters/sqlite/table-work-queue.ts';
import type { Table } from '#core/model/ports/table.ts';
import { collect } from '#support/collect.ts';
import { createRecordingLog } from '#support/recording-log.ts';
import { createVirtualTime, type VirtualTime } from '#support/virtual-time.ts';
import { type Consume, workQueueContract } from './work-queue.contract.ts';

const START = Date.parse('2026-11-22T07:00:00Z');

workQueueContract('embedded', async (consume) => {
  const { queue, table, time } = queueOn({ consume });
  await queue.start();
  return {
    queue,
    maxAttempts: 5,
    pass: (seconds) => time.advance(seconds * 1000),
    dead: async () => (await collect(table.query({ pk: 'dead#work' }))).map(({ message }) => message),
    close: () => queue.stop(),
  };
});

type Setting = Partial<TableWorkQueueOptions> & {
  consume: TableWorkQueueOptions['consume'];
  table?: Table;
  time?: VirtualTime;
};

let made = 0;
/** One process on a table; `crash` ends it as a kill does: nothing it had begun goes on. */
function queueOn({ table = openSqliteTable(':memory:'), time = createVirtualTime(START), ...options }: Setting) {
  const log = createRecordingLog();
  let alive = true;
  const dead = new Promise<never>(() => undefined);
  const whileAlive =
    <Arguments extends unknown[]>(call: (...given: Arguments) => Promise<void>) =>
    (...given: Arguments): Promise<void> =>
      alive ? call(...given) : dead;
  const queue = createTableWorkQueue({
    clock: time.clock,
    timers: time.timers,
    ids: { unique: () => `id${String(made++).padStart(8, '0')}` },
    log,
    ...options,
    table: {
      ...table,
      put: whileAlive(table.put),
      delete: whileAlive(table.delete),
      transact: whileAlive(table.transact),
    },
    consume: (message, delivery) => (alive ? options.consume(message, delivery) : dead),
  });
  const crash = () => {
    alive = false;
  };
  return {
    queue,
    table,
    time,
    log,
    crash,
    isAlive: () => alive,
    items: async (pk: string) => collect(table.query({ pk })),
  };
}

describe('table work queue', () => {
  test('given it is not started, then messages wait in the table, and are delivered when it starts', async () => {
    const seen: unknown[] = [];
    const { queue, time, items } = queueOn({ consume: async (message) => void seen.push(message) });
    await queue.send('a');
    await queue.send('b', { delaySeconds: 5 });
    await time.advance(10_000);
    expect(seen).toEqual([]);
    expect((await items('queue#work')).map(({ message }) => message)).toEqual(['a', 'b']);
    await queue.start();
    await time.advance(0);
    expect(seen).toEqual(['a', 'b']);
    expect(await items('queue#work')).toEqual([]);
  });

  test('given more messages than it handles at once, then never more than that, and the next begins as one ends', async () => {
    const ends: (() => void)[] = [];
    const { queue, time } = queueOn({ concurrency: 3, consume: () => new Promise((resolve) => ends.push(resolve)) });
    await queue.start();
    for (let n = 0; n < 10; n++) await queue.send(n);
    await time.advance(0);
    expect(ends).toHaveLength(3);
    ends[1]!();
    await time.advance(0);
    expect(ends).toHaveLength(4);
    await time.advance(600_000);
    expect(ends).toHaveLength(4);
    for (let n = 0; n < 10; n++) {
      ends[n]!();
      await time.advance(0);
    }
    expect(ends).toHaveLength(10);
    await queue.stop();
  });

  test('given nothing is due, then it waits on one timer for the next message, and on none when there is none', async () => {
    const { queue, time } = queueOn({ consume: async () => undefined });
    await queue.start();
    expect(time.waiting()).toEqual([]);
    await queue.send('late', { delaySeconds: 60 });
    await queue.send('soon', { delaySeconds: 30 });
    await time.advance(0);
    expect(time.waiting()).toEqual([START + 30_000]);
    await time.advance(60_000);
    expect(time.waiting()).toEqual([]);
  });

  test('given a consumer fails, then each retry waits longer by the retry delay, and the last is logged as an error', async () => {
    const at: number[] = [];
    const { queue, time, log, items } = queueOn({
      maxAttempts: 3,
      retryDelayMs: 1000,
      consume: async () => {
        at.push(time.clock.now() - START);
        throw new TypeError('bad page');
      },
    });
    await queue.start();
    await queue.send({ run: 'r1' });
    await time.advance(60_000);
    expect(at).toEqual([0, 1000, 3000]);
    expect(log.lines.map(({ level, fields }) => [level, fields.attempt, fields.error, fields.message])).toEqual([
      ['warn', 1, 'TypeError', 'bad page'],
      ['warn', 2, 'TypeError', 'bad page'],
      ['error', 3, 'TypeError', 'bad page'],
    ]);
    expect(JSON.stringify(log.lines)).not.toContain('r1');
    expect(await items('queue#work')).toEqual([]);
    const fourteenDays = Math.floor((START + 3000) / 1000) + 14 * 86_400;
    expect(await items('dead#work')).toEqual([
      expect.objectContaining({ message: { run: 'r1' }, attempt: 3, error: 'bad page', ttl: fourteenDays }),
    ]);
  });

  test('given a consumer throws before it returns a promise, then that is a failed delivery like any other', async () => {
    let calls = 0;
    const { queue, time } = queueOn({
      consume: () => {
        calls++;
        if (calls === 1) throw new Error('at once');
        return Promise.resolve();
      },
    });
    await queue.start();
    await queue.send('x');
    await time.advance(60_000);
    expect(calls).toBe(2);
  });

  test('given the process is killed during a delivery, then the message is delivered again, with its count', async () => {
    const attempts: number[] = [];
    const hang: Consume = (_, { attempt }) => {
      attempts.push(attempt);
      return new Promise(() => undefined);
    };
    const first = queueOn({ consume: hang });
    await first.queue.start();
    await first.queue.send('x');
    await first.time.advance(0);
    first.crash();
    const { table, time } = first;
    const second = queueOn({ table, time, consume: async (_, { attempt }) => void attempts.push(attempt) });
    await second.queue.start();
    await time.advance(0);
    expect(attempts).toEqual([1, 2]);
    expect(await second.items('queue#work')).toEqual([]);
  });

  test('given a message that kills the process each time, then it ends in the dead letters', async () => {
    const table = openSqliteTable(':memory:');
    const time = createVirtualTime(START);
    let deliveries = 0;
    for (let process = 0; process < 4; process++) {
      const { queue, crash } = queueOn({
        table,
        time,
        maxAttempts: 3,
        consume: () => {
          deliveries++;
          return new Promise(() => undefined);
        },
      });
      if (process === 0) await queue.send('poison');
      await queue.start();
      await time.advance(0);
      crash();
    }
    expect(deliveries).toBe(3);
    expect(await collect(table.query({ pk: 'queue#work' }))).toEqual([]);
    const dead = await collect(table.query({ pk: 'dead#work' }));
    expect(dead.map(({ message, error }) => [message, error])).toEqual([
      ['poison', 'the process ended during the last delivery'],
    ]);
  });

  test('given consumers that never settle, then no place is held longer than its lease, and the message comes again', async () => {
    const seen: string[] = [];
    const { queue, time, log, items } = queueOn({
      concurrency: 4,
      leaseMs: 60_000,
      maxAttempts: 2,
      consume: (message, { attempt }) => {
        seen.push(`${message} ${attempt}`);
        return message === 'honest' ? Promise.resolve() : new Promise(() => undefined);
      },
    });
    await queue.start();
    for (const name of ['a', 'b', 'c', 'd']) await queue.send(name);
    await queue.send('honest');
    await time.advance(59_999);
    expect(seen).toEqual(['a 1', 'b 1', 'c 1', 'd 1']);
    await time.advance(4_001);
    expect(seen).toEqual(['a 1', 'b 1', 'c 1', 'd 1', 'honest 1']);
    // And what hangs each time is given up like any other message that fails
    await time.advance(300_000);
    expect(seen.slice(5).sort()).toEqual(['a 2', 'b 2', 'c 2', 'd 2']);
    expect(await items('queue#work')).toEqual([]);
    expect((await items('dead#work')).map(({ error }) => error)).toEqual(
      Array.from({ length: 4 }, () => 'nothing was heard of the work for 60 s'),
    );
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(4);
    expect(time.waiting()).toEqual([]);
  });

  test('given a consumer that outlasts its lease and then ends, or fails, then that changes nothing any more', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const hung: PromiseWithResolvers<void>[] = [];
    const { queue, time, items } = queueOn({
      leaseMs: 60_000,
      consume: () => {
        const end = Promise.withResolvers<void>();
        hung.push(end);
        return end.promise;
      },
    });
    await queue.start();
    await queue.send('a');
    await queue.send('b');
    await time.advance(80_000);
    expect(hung).toHaveLength(4);
    hung[0]!.resolve();
    hung[1]!.reject(new Error('late'));
    await time.advance(0);
    expect(await items('queue#work')).toHaveLength(2);
    hung[2]!.resolve();
    hung[3]!.resolve();
    await time.advance(0);
    expect(await items('queue#work')).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  test('given a consumer that says that it is alive, then it keeps its place as long as it does', async () => {
    const end = Promise.withResolvers<void>();
    let deliveries = 0;
    const { queue, time, items } = queueOn({
      leaseMs: 60_000,
      consume: async (_message, { alive }) => {
        deliveries += 1;
        for (let minute = 0; minute < 60; minute += 1) {
          await time.sleep(50_000);
          alive();
        }
        await end.promise;
      },
    });
    await queue.start();
    await queue.send('long');
    await time.advance(3_000_000);
    expect(deliveries).toBe(1);
    end.resolve();
    await time.advance(0);
    expect(await items('queue#work')).toEqual([]);
  });

  test('given it is stopped, then it waits for what is in flight, begins nothing more, and can start again', async () => {
    const ends: (() => void)[] = [];
    const { queue, time, items } = queueOn({
      concurrency: 1,
      consume: () => new Promise((resolve) => ends.push(resolve)),
    });
    await queue.start();
    await queue.send('a');
    await queue.send('b');
    await time.advance(0);
    let stopped = false;
    const stopping = queue.stop().then(() => {
      stopped = true;
    });
    await time.advance(60_000);
    expect(stopped).toBe(false);
    ends[0]!();
    await stopping;
    await time.advance(60_000);
    expect(ends).toHaveLength(1);
    expect((await items('queue#work')).map(({ message }) => message)).toEqual(['b']);
    expect(time.waiting()).toEqual([]);
    await queue.start();
    await time.advance(0);
    expect(ends).toHaveLength(2);
  });

  test('given the store fails, then deliveries pause for the retry delay instead of spinning, and nothing is lost', async () => {
    const real = openSqliteTable(':memory:');
    let broken = false;
    let refused = 0;
    const refuse = () => {
      if (!broken) return;
      refused++;
      throw new Error('disk full');
    };
    const table: Table = {
      ...real,
      delete: async (...given) => {
        refuse();
        return real.delete(...given);
      },
    };
    const attempts: number[] = [];
    const { queue, time, log } = queueOn({ table, consume: async (_, { attempt }) => void attempts.push(attempt) });
    await queue.start();
    broken = true;
    await queue.send('x');
    await time.advance(9999);
    expect(refused).toBe(1);
    expect(log.lines.map(({ level, fields }) => [level, fields.message])).toEqual([['error', 'disk full']]);
    broken = false;
    await time.advance(1);
    expect(attempts).toEqual([1, 2]);
    expect(await collect(real.query({ pk: 'queue#work' }))).toEqual([]);
  });

  test('given a message ends while the store is still telling what is there, then it is not taken for a new one', async () => {
    const real = openSqliteTable(':memory:');
    let gate: Promise<void> = Promise.resolve();
    const table: Table = {
      ...real,
      async *query(query) {
        const told = await collect(real.query(query));
        await gate;
        yield* told;
      },
    };
    const ends = new Map<unknown, () => void>();
    const seen: unknown[] = [];
    const { queue, time } = queueOn({
      table,
      consume: (message) => {
        seen.push(message);
        return new Promise((resolve) => ends.set(message, resolve));
      },
    });
    await queue.start();
    await queue.send('a');
    await time.advance(0);
    const open = Promise.withResolvers<void>();
    gate = open.promise;
    await queue.send('b');
    await time.advance(0);
    ends.get('a')?.();
    await time.advance(0);
    open.resolve();
    await time.advance(0);
    expect(seen).toEqual(['a', 'b']);
    expect((await collect(real.query({ pk: 'queue#work' }))).map(({ message }) => message)).toEqual(['b']);
  });

  test('given messages and a pause from a clock that was ahead, then they are delivered within a minute of its being put right', async () => {
    const seen: unknown[] = [];
    const real = openSqliteTable(':memory:');
    let broken = false;
    const table: Table = {
      ...real,
      put: async (...given) => {
        if (broken) throw new Error('disk full');
        return real.put(...given);
      },
    };
    const { queue, time } = queueOn({
      table,
      consume: async (message, { attempt }) => {
        seen.push(message);
        if (message === 'fails once' && attempt === 1) throw new Error('not now');
      },
    });
    await queue.start();
    // Given a clock 40 days ahead, by which messages wait, one is to be tried again, and the store has just failed
    time.set(START + 40 * 86_400_000);
    await queue.send('fails once');
    await time.advance(0);
    await queue.send('late', { delaySeconds: 900 });
    await queue.send('soon', { delaySeconds: 1 });
    broken = true;
    await time.advance(1000);
    broken = false;
    expect(seen).toEqual(['fails once']);
    // When it is put right
    time.set(START);
    await queue.send('new', { delaySeconds: 30 });
    await time.advance(70_000);
    // Then
    expect(seen.slice(1).sort()).toEqual(['fails once', 'late', 'new', 'soon']);
    expect(await collect(real.query({ pk: 'queue#work' }))).toEqual([]);
    // And what was sent since still waits for its time
    await queue.send('delayed', { delaySeconds: 900 });
    await time.advance(899_000);
    expect(seen).not.toContain('delayed');
    await time.advance(1000);
    expect(seen).toContain('delayed');
  });

  test('given two queues on one table, then each has its own messages', async () => {
    const table = openSqliteTable(':memory:');
    const time = createVirtualTime(START);
    const seen: string[] = [];
    const one = queueOn({ table, time, queue: 'one', consume: async (message) => void seen.push(`one ${message}`) });
    const two = queueOn({ table, time, queue: 'two', consume: async (message) => void seen.push(`two ${message}`) });
    await one.queue.start();
    await two.queue.start();
    await one.queue.send('a');
    await two.queue.send('b');
    await time.advance(0);
    expect(seen.sort()).toEqual(['one a', 'two b']);
  });

  test('given any mix of sends, delays, failures, kills and restarts, then each message is handled or dead, none early', async () => {
    const message = fc.record({ delaySeconds: fc.nat(30), failures: fc.nat(3), takesMs: fc.nat(20_000) });
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ send: message }) },
      { weight: 4, arbitrary: fc.record({ pass: fc.nat(40_000) }) },
      { weight: 1, arbitrary: fc.constant('kill' as const) },
      { weight: 1, arbitrary: fc.constant('restart' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const table = openSqliteTable(':memory:');
        const time = createVirtualTime(START);
        const sent: { dueAt: number; failures: number; takesMs: number; done: boolean }[] = [];
        let atOnce = 0;
        const boot = () => {
          let own = 0;
          const process = queueOn({
            table,
            time,
            maxAttempts: 100,
            concurrency: 3,
            consume: async (index, { attempt }) => {
              const told = sent[Number(index)]!;
              expect(time.clock.now()).toBeGreaterThanOrEqual(told.dueAt);
              atOnce = Math.max(atOnce, ++own);
              await time.sleep(told.takesMs);
              own--;
              // What a killed process would have done is not done.
              if (!process.isAlive()) return;
              if (attempt <= told.failures) throw new Error('again');
              told.done = true;
            },
          });
          return process;
        };
        let host = boot();
        await host.queue.start();
        for (const each of steps) {
          if (each === 'kill' || each === 'restart') {
            if (each === 'kill') host.crash();
            else {
              const stopping = host.queue.stop();
              await time.advance(20_000);
              await stopping;
            }
            host = boot();
            await host.queue.start();
          } else if ('send' in each) {
            const { delaySeconds, failures, takesMs } = each.send;
            sent.push({ dueAt: time.clock.now() + delaySeconds * 1000, failures, takesMs, done: false });
            await host.queue.send(sent.length - 1, { delaySeconds });
          } else await time.advance(each.pass);
        }
        await time.advance(3_600_000);
        expect(sent.filter(({ done }) => !done)).toEqual([]);
        expect(await host.items('queue#work')).toEqual([]);
        expect(await host.items('dead#work')).toEqual([]);
        expect(atOnce).toBeLessThanOrEqual(3);
        await host.queue.stop();
        table.close();
      }),
      { numRuns: 60 },
    );
  });
});

describe('places of a table work queue', () => {
  test('given servers that hang, those that hang keep nobody from beginning for longer than a second', async () => {
    const begun: unknown[] = [];
    const { queue, time } = queueOn({
      concurrency: 20,
      beginning: 4,
      consume: async (message) => {
        begun.push(message);
        if (String(message).startsWith('hangs')) await new Promise(() => undefined);
      },
    });
    await queue.start();
    for (let index = 0; index < 8; index += 1) await queue.send(`hangs-${index}`);
    await queue.send('good');
    await time.advance(0);
    expect(begun).toEqual(['hangs-0', 'hangs-1', 'hangs-2', 'hangs-3']);
    await time.advance(1000);
    expect(begun).toHaveLength(8);
    await time.advance(1000);
    expect(begun.at(-1)).toBe('good');
  });

  test('given more that hang than there are places in all, the rest waits for one of them to end', async () => {
    const begun: unknown[] = [];
    const hanging: (() => void)[] = [];
    const { queue, time } = queueOn({
      concurrency: 3,
      beginning: 2,
      consume: async (message) => {
        begun.push(message);
        await new Promise<void>((resolve) => hanging.push(resolve));
      },
    });
    await queue.start();
    for (let index = 0; index < 5; index += 1) await queue.send(index);
    await time.advance(10_000);
    expect(begun).toEqual([0, 1, 2]);
    hanging[0]?.();
    await time.advance(0);
    expect(begun).toEqual([0, 1, 2, 3]);
  });

  test('given many that are due at once and end at once, each is delivered, a few at a time', async () => {
    let [open, most, ended] = [0, 0, 0];
    const { queue, time } = queueOn({
      concurrency: 20,
      beginning: 4,
      consume: async () => {
        open += 1;
        most = Math.max(most, open);
        await Promise.resolve();
        open -= 1;
        ended += 1;
      },
    });
    await queue.start();
    for (let index = 0; index < 50; index += 1) await queue.send(index);
    await time.advance(0);
    expect([ended, most <= 4]).toEqual([50, true]);
  });
});
