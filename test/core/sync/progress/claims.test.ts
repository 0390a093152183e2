import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { holdLease } from '#core/lease/held-lease.ts';
import { readLease } from '#core/lease/lease.ts';
import { openBoard } from '#core/sync/progress/range-board.ts';
import { assertWritable, isClaimable, listWork, saveWork, type WorkContext } from '#core/sync/progress/range-work.ts';
import { createRangeWorld, type RangeWorld } from '../run/range-world.ts';

let world: RangeWorld;
let uid: string;
let id: string;

beforeEach(async () => {
  world = await createRangeWorld({ rangeObjects: 20 });
  for (let index = 0; index < 60; index += 1) world.bucket.put(`key-${String(index).padStart(4, '0')}`);
  ({ id, uid } = await world.addDatasource({ sync: { page_size: 10 } }));
  await world.run(id);
  expect(await world.ranges(uid)).toHaveLength(3);
});
afterEach(() => world.close());

/** What a worker of the run that is on stands on. */
async function workerOf(holder: string, pass: string): Promise<WorkContext> {
  const deps = world.worker({ holder, isAlive: (other) => !other.startsWith('dead') });
  const held = holdLease(deps, uid, await readLease(world.table, uid), deps.settings.requestTimeoutMs);
  return { deps, uid, held, pass: { id: pass, beganAt: world.time.now } };
}

const lost = expect.objectContaining({ code: 'lease_lost' });

describe('two workers on one range', () => {
  it('the second is turned away, and takes the next range instead', async () => {
    const { run } = await world.start(id);
    const [one, other] = [await workerOf('one', run.id), await workerOf('other', run.id)];
    const [board, otherBoard] = [await openBoard(one, true), await openBoard(other, true)];
    const taken = await board.claim();
    const second = await otherBoard.claim();
    expect(taken?.range.lo).toBe('\u0000');
    expect(second?.range.lo).toBe('key-0019');
    expect([board.waiting, otherBoard.waiting]).toEqual([2, 1]);
    expect((await board.claim())?.range.lo).toBe('key-0039');
    expect(await otherBoard.claim()).toBeUndefined();
    await board.refresh();
    expect([board.waiting, board.done, board.total]).toEqual([0, 0, 3]);
  });

  it('is the first again only when its claim ran out; then the late checkpoint of the first is rejected', async () => {
    const { run } = await world.start(id);
    const one = await workerOf('one', run.id);
    const work = await (await openBoard(one, true)).claim();
    if (work === undefined) throw new Error('nothing to claim');
    const takeAgain = async (holder: string) => (await openBoard(await workerOf(holder, run.id), true)).claim();
    const rows = async () => (await listWork(world.table, uid, run.id)).get(work.range.id);
    world.time.now += world.deps.leaseMs - 1;
    expect(isClaimable(one, await rows())).toBe(false);
    world.time.now += 1;
    expect(isClaimable(one, await rows())).toBe(true);
    const again = await takeAgain('other');
    expect(again).toMatchObject({ range: { id: work.range.id }, begun: true });
    work.position = 'key-0010';
    await expect(saveWork(one, work, 'claimed')).rejects.toThrow(lost);
    expect(await rows()).toMatchObject({ claim: { holder: 'other' } });
    expect(await rows()).not.toHaveProperty('position');
  });

  it('a claim that a clock made which was ahead is none, and whoever made it renews it before it writes on', async () => {
    const { run } = await world.start(id);
    const one = await workerOf('one', run.id);
    const right = world.time.now;
    world.time.now = right + 40 * 86_400_000;
    const work = await (await openBoard(one, true)).claim();
    if (work === undefined) throw new Error('nothing to claim');
    await saveWork(one, work, 'claimed');
    const row = async () => (await listWork(world.table, uid, run.id)).get(work.range.id);
    expect(isClaimable(one, await row())).toBe(false);
    world.time.now = right;
    expect(isClaimable(one, await row())).toBe(true);
    await assertWritable(one, work);
    expect((await row())?.claim?.expires_at).toBe(right + world.deps.leaseMs);
    expect(isClaimable(one, await row())).toBe(false);
  });

  it('a claim dies with its process, and with the fence it was made under', async () => {
    const { run } = await world.start(id);
    const dead = await workerOf('dead-boot', run.id);
    const work = await (await openBoard(dead, true)).claim();
    const row = (await listWork(world.table, uid, run.id)).get(work?.range.id ?? '');
    expect(isClaimable(dead, row)).toBe(true);
    const alive = await workerOf('alive', run.id);
    const held = row && { ...row, claim: { holder: 'alive', expires_at: world.time.now + 1000 } };
    expect(isClaimable(alive, held)).toBe(false);
    expect(isClaimable(alive, held && { ...held, fence: held.fence - 1 })).toBe(true);
    expect(isClaimable(alive, held && { ...held, claim: undefined })).toBe(true);
    expect(isClaimable(alive, held && { ...held, claim: undefined, done: true })).toBe(false);
    expect(isClaimable(alive, undefined)).toBe(true);
  });

  it('a claim is not given to a worker whose run was displaced', async () => {
    const { run } = await world.start(id);
    const late = await workerOf('late', run.id);
    const board = await openBoard(late, true);
    world.time.now += world.deps.leaseMs + 1;
    await world.start(id);
    expect(await board.claim()).toBeUndefined();
    expect((await listWork(world.table, uid, run.id)).size).toBe(0);
  });
});

describe('writes under a claim', () => {
  it('renew it before they could arrive after its end, and stop where it was taken', async () => {
    const { run } = await world.start(id);
    const one = await workerOf('one', run.id);
    const work = await (await openBoard(one, true)).claim();
    if (work === undefined) throw new Error('nothing to claim');
    const { requestTimeoutMs } = world.deps.settings;
    const expiry = work.expiresAt;
    expect(expiry).toBe(world.time.now + world.deps.leaseMs);
    world.time.now = expiry - requestTimeoutMs - 1;
    await assertWritable(one, work);
    expect(work.expiresAt).toBe(expiry);
    world.time.now += 1;
    await assertWritable(one, work);
    expect(work.expiresAt).toBe(world.time.now + world.deps.leaseMs);
    const row = (await listWork(world.table, uid, run.id)).get(work.range.id);
    expect(row).toMatchObject({
      version: 2,
      claim: { holder: 'one', expires_at: work.expiresAt },
      fence: one.held.fence,
    });
    expect(row?.ttl).toBe(Math.floor(world.time.now / 1000) + 7 * 86_400);
  });

  it('a renewed claim does not say that what is in hand was done', async () => {
    const { run } = await world.start(id);
    const one = await workerOf('one', run.id);
    const work = await (await openBoard(one, true)).claim();
    if (work === undefined) throw new Error('nothing to claim');
    work.position = 'key-0010';
    work.tally.counters.added = 10;
    await saveWork(one, work, 'claimed');
    const row = (await listWork(world.table, uid, run.id)).get(work.range.id);
    expect(row).not.toHaveProperty('position');
    expect(row).toMatchObject({ done: false, tally: { counters: { added: 0 } } });
  });
});
