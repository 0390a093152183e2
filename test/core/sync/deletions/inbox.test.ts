import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BucketIdentity } from '#core/model/ports/bucket.ts';
import type { InboxState } from '#core/runs/run.ts';
import { beganAt, createSettlingWorld, found, type Given, type SettlingWorld } from './settling-world.ts';

const minute = 60_000;
const identity: BucketIdentity = { status: 'found', created: 1000, region: 'eu-1' };
const bucket = { created: 1000, region: 'eu-1' };
const sync = { expect_empty: true };
const empty = { listed: 0, matched: 0, unchanged: 0 };

let world: SettlingWorld;
beforeEach(async () => {
  world = await createSettlingWorld();
});
afterEach(() => world.table.close());

/** All 15 records are missing from a listing of nothing. */
async function emptied(given: Partial<Given> = {}): Promise<Given> {
  await world.lost(15);
  return { candidates: 15, counters: empty, sync, identity, ...given };
}
const absentAt = (at: number): InboxState => ({ bucket, absent: { pass: 'first', at } });

describe('an inbox that was emptied', () => {
  it('is not held: what is missing waits for a second run', async () => {
    const settlement = await world.settled(await emptied(), { inbox: { bucket }, completeAt: 0 });
    expect(settlement).toMatchObject({ status: 'completed', deleted: 0, waiting: 15 });
    expect(settlement.inbox).toEqual({ bucket, absent: { pass: 'now', at: beganAt } });
    expect([world.asked, settlement.hold]).toEqual([[], undefined]);
  });

  it('loses what both runs missed once an interval lies between them, each key asked for', async () => {
    const given = await emptied();
    const keys = Array.from({ length: 15 }, (_, index) => `gone-${10_000 + index}`);
    await world.missing(keys.slice(0, 12), 'first');
    const early = await world.settled(given, { inbox: absentAt(beganAt - 10 * minute + 1) });
    expect(early).toMatchObject({ status: 'completed', waiting: 15, inbox: absentAt(beganAt - 10 * minute + 1) });
    const settlement = await world.settled(given, { inbox: absentAt(beganAt - 10 * minute) });
    expect(settlement).toMatchObject({ status: 'completed', deleted: 12, waiting: 3 });
    expect([await world.gone(), world.asked]).toEqual([keys.slice(0, 12), keys.slice(0, 12)]);
    // What only this run missed has its first run now.
    expect(settlement.inbox).toEqual({ bucket, absent: { pass: 'now', at: beganAt } });
  });

  it('has nothing left to wait for when all are gone, and keeps what the server has', async () => {
    const given = await emptied();
    const keys = Array.from({ length: 15 }, (_, index) => `gone-${10_000 + index}`);
    await world.missing(keys, 'first');
    world.answer = (key) => (key === keys[3] ? found(0) : { status: 'missing' });
    const settlement = await world.settled(given, { inbox: absentAt(0) });
    expect(settlement).toMatchObject({ deleted: 14, contradicted: 1, inbox: { bucket } });
    expect([settlement.waiting, settlement.inbox?.absent]).toEqual([undefined, undefined]);
  });

  it('is asked for key by key, also where there are more than a run asks for', async () => {
    const keys = await world.lost(60);
    await world.missing(keys, 'first');
    const given = { candidates: 60, counters: { ...empty, listed: 1 }, sync, identity };
    const settings = { holdAboveObjects: 10 };
    expect(await world.settled({ ...given, settings }, { inbox: absentAt(0) })).toMatchObject({ deleted: 60 });
    expect(world.asked).toEqual(keys);
  });

  it('waits an hour where it is synced by hand', async () => {
    const given = await emptied({ sync: { ...sync, strategy: 'manual' } });
    expect(await world.settled(given, { inbox: absentAt(beganAt - 60 * minute + 1) })).toMatchObject({ waiting: 15 });
    await world.missing(['gone-10000'], 'first');
    expect(await world.settled(given, { inbox: absentAt(beganAt - 60 * minute) })).toMatchObject({ deleted: 1 });
  });
});

describe('the hold stays', () => {
  it.each<[string, InboxState | undefined, BucketIdentity, InboxState]>([
    ['was made at another time', { bucket }, { ...identity, created: 2000 }, { bucket, changed: true }],
    ['is in another region', { bucket }, { ...identity, region: 'us-1' }, { bucket, changed: true }],
    ['was another in a run before', { bucket, changed: true }, identity, { bucket, changed: true }],
    [
      'is younger than the last complete run',
      undefined,
      { ...identity, created: 62_001 },
      { bucket: {}, changed: true },
    ],
    ['does not answer', absentAt(0), { status: 'unclear' }, { bucket }],
    ['is missing', { bucket, changed: true }, { status: 'missing' }, { bucket, changed: true }],
  ])('where the bucket %s', async (_what, inbox, now, after) => {
    const given = await emptied({ identity: now });
    await world.missing(['gone-10000'], 'first');
    const settlement = await world.settled(given, { completeAt: 60_000, ...(inbox ? { inbox } : {}) });
    expect(settlement).toMatchObject({ status: 'held', hold: { candidates: 15 }, deleted: 0 });
    expect(settlement.inbox).toEqual(after);
    expect(settlement.warnings).toEqual([expect.stringMatching(/^expect_empty does not apply: /)]);
    expect(world.asked).toEqual([]);
  });

  it('where the scope is empty: that is no inbox that was read', async () => {
    const given = await emptied({ tally: { leaving: 2 } });
    const settlement = await world.settled(given, { inbox: absentAt(0) });
    expect(settlement).toMatchObject({ status: 'held', hold: { leaving: 2 }, inbox: { bucket } });
    expect(settlement.inbox).not.toHaveProperty('absent');
  });

  it('where nothing says that the datasource is one, and the bucket is not asked', async () => {
    const given = await emptied({ sync: { expect_empty: false } });
    expect(await world.settled(given, { inbox: absentAt(0) })).toMatchObject({ status: 'held' });
    expect(world.identified).toBe(0);
  });
});

describe('what is known of the bucket', () => {
  it('is noted by each run that completes, and what was told before holds where it is not told now', async () => {
    const given = { candidates: 0, sync, identity };
    expect((await world.settled(given)).inbox).toEqual({ bucket });
    const untold = { ...given, identity: { status: 'found' } as const };
    expect((await world.settled(untold, { inbox: absentAt(0) })).inbox).toEqual({ bucket });
    expect(
      (await world.settled({ ...given, run: { approves: 'held' } }, { inbox: { bucket, changed: true } })).inbox,
    ).toEqual({ bucket });
    const silent = { ...given, identity: { status: 'unclear' } as const };
    expect((await world.settled(silent, { inbox: absentAt(0) })).inbox).toEqual({ bucket });
  });

  it('is as it was, where an older bucket was not known of', async () => {
    const given = await emptied();
    for (const past of [{ completeAt: 1000 }, { completeAt: -1000 }, {}])
      expect(await world.settled(given, past)).toMatchObject({ waiting: 15 });
    expect(await world.settled({ ...given, identity: { status: 'found' } }, { completeAt: 0 })).toMatchObject({
      ...{ waiting: 15, inbox: { bucket: {} } },
    });
  });

  it('is not asked by a dry run', async () => {
    const given = await emptied({ run: { dry_run: true } });
    expect(await world.settled(given, {})).toMatchObject({ status: 'completed', hold: { candidates: 15 } });
    expect(world.identified).toBe(0);
  });

  it('does not matter while no more is missing than a run may delete', async () => {
    const keys = await world.lost(3);
    const given = { candidates: 3, sync, identity };
    expect(await world.settled(given, { inbox: { bucket, changed: true } })).toMatchObject({
      ...{ status: 'completed', deleted: 3, inbox: { bucket } },
    });
    expect(await world.gone()).toEqual(keys);
  });
});
