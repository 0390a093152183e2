import { expect, it } from 'vitest';
import { emptyRange, findRange, rangeItem } from '#core/catalogue/range-map.ts';
import { recordPartition } from '#core/catalogue/record.ts';
import { helpPurge } from '#core/dispatch/help-purge.ts';
import { type PurgeDeps, purgeData } from '#core/dispatch/purge-data.ts';
import { sweep } from '#core/dispatch/sweep.ts';
import { readLease, takeLease } from '#core/lease/lease.ts';
import type { Item, Table } from '#core/model/ports/table.ts';
import { purgeItem } from '#core/registry/purge-item.ts';
import { type WorkMessage, workMessage } from '#core/runs/work-message.ts';
import { createRecordingLog } from '#support/recording-log.ts';
import { createMemoryTable } from '../../simulation/memory-table.ts';
import { createRandomSource, type RandomSource } from '../../simulation/random-source.ts';

const leaseMs = 930_000;
const invocationMs = 840_000;

/** One process: it is slow at random, and dies at its `callsToLive`th call. */
function processOf(table: Table, random: RandomSource, callsToLive: number): Table {
  let calls = 0;
  const step = async (): Promise<void> => {
    for (let turns = random.below(6); turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
    calls += 1;
    if (calls >= callsToLive) throw new Error('this process is dead');
  };
  const through =
    <Args extends unknown[], Answer>(call: (...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> => {
      await step();
      const answer = await call(...args);
      await step();
      return answer;
    };
  return {
    get: through((key) => table.get(key)),
    batchGet: through((keys) => table.batchGet(keys)),
    put: through((item, condition) => table.put(item, condition)),
    delete: through((key, condition) => table.delete(key, condition)),
    // Not atomic: whoever dies in it may have written some of it.
    batchWrite: async (writes) => {
      await step().catch(async (error: unknown) => {
        await table.batchWrite(writes.slice(0, random.below(writes.length + 1)));
        throw error;
      });
      const left = await table.batchWrite(writes);
      await step();
      return left;
    },
    transact: through((writes) => table.transact(writes)),
    async *query(query) {
      await step();
      yield* table.query(query);
    },
  };
}

/** A uid as a sync leaves it: a map of ranges, their records and leaves, a run and its candidates. */
async function fill(table: Table, uid: string, ranges: number, records: number): Promise<void> {
  for (let range = 0; range < ranges; range += 1) {
    const id = `r${range}`;
    const lo = range === 0 ? '\u0000' : `key-${range}`;
    await table.put(rangeItem(uid, { ...emptyRange(id, lo, undefined), objects: records }));
    for (let index = 0; index < records; index += 1) {
      await table.put({ pk: recordPartition(uid, id), sk: `${lo}-${index}`, v: 1 });
    }
    await table.put({ pk: `leaf#${uid}#${id}`, sk: lo, v: 1 });
  }
  await table.put({ pk: `run#${uid}`, sk: 'an-earlier-run', v: 1 });
  await table.put({ pk: `candidate#${uid}#an-earlier-run`, sk: 'key', v: 1 });
  await table.put({ pk: uid, sk: 'state', v: 1 });
}

const itemsOf = (all: readonly Item[], uid: string): Item[] =>
  all.filter(({ pk, sk }) => pk.split('#').includes(uid) || sk === uid);

it('whatever dies, comes twice, late or at once, all of a deleted datasource goes and nothing of its successor', async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1e9);
  for (let round = 0; round < 25; round += 1) {
    await play(createRandomSource(seed + round)).catch((error: unknown) => {
      throw new Error(`SEED=${seed + round}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    });
  }
}, 60_000);

async function play(random: RandomSource): Promise<void> {
  const table = createMemoryTable();
  const clock = { now: () => now };
  let now = Date.parse('2026-03-01T00:00:00Z');
  const log = createRecordingLog();
  const queue: WorkMessage[] = [];
  const ranges = random.between(0, 40);
  await fill(table, 'old', ranges, random.between(0, 40));
  await fill(table, 'new', random.between(1, 20), 20);
  await table.put(purgeItem('old', 'photos'));
  const successor = itemsOf([...table.all()], 'new');
  const worker = (callsToLive = Number.POSITIVE_INFINITY): PurgeDeps & Parameters<typeof sweep>[0] => ({
    table: processOf(table, random.fork(), callsToLive),
    clock,
    log,
    queue: {
      send: async (message) => {
        // Lost where its sender dies in that moment.
        if (!random.chance(0.1)) queue.push(workMessage.parse(message));
        if (random.chance(0.1)) queue.push(workMessage.parse(message));
      },
    },
    ids: { unique: () => String(random.below(1e9)) },
    holder: `worker-${random.below(1e9)}`,
    isAlive: () => true,
    leaseMs,
    yieldAt: random.chance(0.3) ? now : now + invocationMs,
    settings: { workers: random.between(1, 4) },
  });
  const perform = async (message: WorkMessage, deps: PurgeDeps): Promise<void> => {
    if (message.type !== 'purge') throw new Error(`a ${message.type} came out of a purge`);
    await (message.share === undefined ? purgeData(deps, message.uid) : helpPurge(deps, message.uid, message.share));
  };
  // A run is on when the datasource is deleted: its worker dies, or ends a moment later with a batch in hand.
  const start = await readLease(table, 'old');
  await table.transact([takeLease(worker(), 'old', start, { run: 'the-run', holder: 'syncing' }).write]);
  const dies = random.chance(0.5);
  const late = async (): Promise<void> => {
    const id = `r${random.below(Math.max(1, ranges))}`;
    if (ranges > 0) await table.put({ pk: recordPartition('old', id), sk: `late-${random.below(1e6)}`, v: 1 });
  };
  const began = now;
  for (let turn = 0; turn < 60; turn += 1) {
    const together: Promise<unknown>[] = [];
    for (let count = random.between(1, 4); count > 0; count -= 1) {
      const deps = worker(random.chance(0.4) ? random.between(1, 60) : undefined);
      const message =
        queue.length > 0 && random.chance(0.8) ? queue.splice(random.below(queue.length), 1)[0] : undefined;
      together.push(message === undefined ? sweep(deps) : perform(message, deps));
    }
    // A batch that was in hand of the run's last worker, for as long as that one can have lived.
    if (now - began < leaseMs && random.chance(0.5)) together.push(late());
    await Promise.allSettled(together);
    now += random.pick([0, 1000, 60_000, 300_000]);
    if (!dies && turn === 5) {
      const lease = await readLease(table, 'old');
      if (lease.run === 'the-run')
        await table.put({ pk: 'old', sk: 'lease', ...lease, version: lease.version + 1, expires_at: 0 });
    }
  }
  // In the end nothing dies any more, and the sweep comes round.
  for (let turn = 0; turn < 40; turn += 1) {
    await sweep(worker());
    for (const message of queue.splice(0)) await perform(message, { ...worker(), yieldAt: now + invocationMs });
    now += 300_000;
  }
  const all = [...table.all()];
  expect(itemsOf(all, 'old').map(({ pk, sk }) => `${pk}/${sk}`)).toEqual(['old/lease']);
  expect(itemsOf(all, 'new')).toEqual(successor);
  expect(await findRange(table, 'new', '\u0000')).not.toHaveProperty('emptied');
}
