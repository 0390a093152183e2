import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRecord, tombstoneOf } from '#core/catalogue/record.ts';
import { runItem } from '#core/runs/run-store.ts';
import { RunYielded } from '#core/sync/worker/run-unwound.ts';
import { createSettlingWorld, names, recordAt, runRow, type SettlingWorld, stamp } from './settling-world.ts';

let world: SettlingWorld;
beforeEach(async () => {
  world = await createSettlingWorld();
});
afterEach(() => world.table.close());

/** So many records that are out of the scope, and stayed while the listing was walked. */
async function outside(count: number): Promise<string[]> {
  const keys = names(count).map((key) => `out-${key}`);
  await world.catalogue(keys);
  await world.leaving(keys, 'now');
  return keys;
}

const nothing = { listed: 0, matched: 0, unchanged: 0 };
const left = (): Promise<string[]> => world.gone('out_of_scope');

describe('records that left the scope', () => {
  it('go once a key was listed that is in it, whatever becomes of the missing ones', async () => {
    const keys = await outside(3);
    const missing = await world.lost(20);
    const settings = { holdAboveObjects: 10, holdAboveShare: 0.15 };
    const given = { candidates: 20, counters: { unchanged: 20 }, settings, tally: { leaving: 3 } };
    expect(await world.settled(given)).toMatchObject({ status: 'held', deleted: 0, out: 3, hold: { candidates: 20 } });
    expect([await left(), await world.gone(), missing.length]).toEqual([keys, [], 20]);
  });

  it('stay where none was, and the run is held: it shows how many would go, and some of them', async () => {
    const keys = await outside(30);
    const sample = keys.slice(0, 20);
    const tally = { leaving: 30, leaving_sample: sample, candidate_sample: [] };
    expect(await world.settled({ candidates: 0, counters: nothing, tally })).toEqual({
      ...{ status: 'held', hold: { candidates: 0, share: 1, sample, leaving: 30 } },
      ...{ deleted: 0, out: 0, steps: 0 },
    });
    expect([await left(), world.asked]).toEqual([[], []]);
  });

  it('stay where keys were listed that no filter takes in', async () => {
    await outside(2);
    const given = { candidates: 0, counters: { ...nothing, listed: 500 }, tally: { leaving: 2 } };
    expect(await world.settled(given)).toMatchObject({ status: 'held', hold: { leaving: 2 } });
  });

  it('hold what is missing as well, of which all is shown together', async () => {
    const missing = await world.lost(3);
    const keys = await outside(4);
    const tally = { leaving: 4, leaving_sample: keys, candidate_sample: missing };
    const { status, hold } = await world.settled({ candidates: 3, counters: nothing, tally });
    expect([status, hold]).toEqual(['held', { candidates: 3, share: 1, sample: [...missing, ...keys], leaving: 4 }]);
    expect([await left(), await world.gone()]).toEqual([[], []]);
  });

  it('are counted by a dry run, which says whether it would hold', async () => {
    const tally = { leaving: 3 };
    const run = { dry_run: true };
    expect(await world.settled({ candidates: 0, run, tally })).toMatchObject({ status: 'completed', out: 3 });
    expect(await world.settled({ candidates: 0, run, tally })).not.toHaveProperty('hold.leaving');
    const empty = await world.settled({ candidates: 0, run, tally, counters: nothing });
    expect(empty).toMatchObject({ status: 'completed', out: 3, hold: { leaving: 3 } });
  });

  it('count what an earlier invocation of this run took out, and go on from there', async () => {
    const [mine = '', theirs = '', ...others] = await outside(5);
    for (const [key, run] of [
      [mine, 'now'],
      [theirs, 'before'],
    ] as const) {
      await world.table.put(tombstoneOf(readRecord(recordAt(key)), { ...stamp, run }, 'out_of_scope'));
    }
    expect(await world.settled({ candidates: 0, tally: { leaving: 5 } })).toMatchObject({ out: 4, steps: 3 });
    expect(await left()).toEqual([mine, theirs, ...others]);
  });

  it('go by a thousand, between which the run may be handed on', async () => {
    await outside(1001);
    const settling = world.settled({ candidates: 0, tally: { leaving: 1001 }, yieldAt: 0 });
    await expect(settling).rejects.toBeInstanceOf(RunYielded);
    expect(await left()).toHaveLength(1000);
  });
});

describe('an approval', () => {
  it.each([
    ['the run that was held', undefined],
    ['the pass that it was part of', { id: 'pass', began_at: '' }],
  ])('takes out what %s showed, and no more, where the scope is empty still', async (_name, pass) => {
    const [first = '', second = '', third = ''] = await outside(3);
    await world.table.put(runItem({ ...runRow('held'), ...(pass ? { pass } : {}) }));
    await world.leaving([first, third], pass?.id ?? 'held');
    const given = { candidates: 0, counters: nothing, run: { approves: 'held' }, tally: { leaving: 3 } };
    expect(await world.settled(given)).toMatchObject({ status: 'completed', out: 2 });
    expect(await left()).toEqual([first, third]);
    expect(second).not.toBe('');
  });

  it('takes out all of them where a key of the scope came since', async () => {
    const keys = await outside(3);
    const given = { candidates: 0, run: { approves: 'held' }, tally: { leaving: 3 } };
    expect(await world.settled(given)).toMatchObject({ status: 'completed', out: 3 });
    expect(await left()).toEqual(keys);
  });
});

it('a prefix that was hardly meant so is warned about, however the run ends', async () => {
  const warnings = [expect.stringContaining('prefix "/docs/" is taken as it is written')];
  expect(await world.settled({ candidates: 0, prefix: '/docs/' })).toMatchObject({ status: 'completed', warnings });
  await outside(1);
  const empty = { candidates: 0, prefix: '/docs/', counters: nothing, tally: { leaving: 1 } };
  expect(await world.settled(empty)).toMatchObject({ status: 'held', warnings });
});
