import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { type HeldLease, holdLease } from '#core/lease/held-lease.ts';
import {
  amendLease,
  changeLease,
  fenceCheck,
  freed,
  holdingRun,
  type Lease,
  putInQueue,
  putLease,
  readLease,
  takeLease,
} from '#core/lease/lease.ts';
import { Failure } from '#core/model/errors.ts';
import type { Table } from '#core/model/ports/table.ts';

const leaseMs = 100_000;
const timeoutMs = 10_000;
const begin = 1_000_000;

let inner: ReturnType<typeof openSqliteTable>;
let table: Table;
let now: number;
let reads: number;
let beforePut: (() => Promise<void>) | undefined;
let held: HeldLease;

const deps = () => ({
  table,
  clock: { now: () => now },
  holder: 'me',
  isAlive: (holder: string) => holder === 'me',
  leaseMs,
});

beforeEach(async () => {
  inner = openSqliteTable(':memory:');
  now = begin;
  reads = 0;
  beforePut = undefined;
  table = {
    ...inner,
    async get(key) {
      reads += 1;
      return inner.get(key);
    },
    async transact(writes) {
      const before = beforePut;
      beforePut = undefined;
      await before?.();
      return inner.transact(writes);
    },
  };
  const { next, write } = takeLease(deps(), 'u', await readLease(table, 'u'), {
    datasource: 'd',
    run: 'r',
    holder: 'me',
  });
  await table.transact([write]);
  held = holdLease(deps(), 'u', next, timeoutMs);
  reads = 0;
});
afterEach(() => inner.close());

const lost = expect.objectContaining({ code: 'lease_lost' });
const stored = (): Promise<Lease> => readLease(inner, 'u');
const amend = (change: Partial<Lease>): Promise<Lease> => amendLease(inner, 'u', (lease) => ({ ...lease, ...change }));

describe('a heartbeat', () => {
  it('looks at the lease, and renews it when half of its time is gone', async () => {
    now = begin + leaseMs / 2 - 1;
    expect(await held.heartbeat()).toEqual({ canceled: false, failure: undefined });
    expect([(await stored()).expires_at, held.current().expires_at]).toEqual([begin + leaseMs, begin + leaseMs]);
    now += 1;
    await held.heartbeat();
    expect([(await stored()).expires_at, held.current().expires_at]).toEqual([now + leaseMs, now + leaseMs]);
    expect((await stored()).version).toBe(2);
  });

  it('tells of a cancel and of what broke another worker off', async () => {
    await amend({ cancel: true, failure: { code: 'source_timeout', message: 'too slow' } });
    const { canceled, failure } = await held.heartbeat();
    expect([canceled, failure?.code, failure?.message]).toEqual([true, 'source_timeout', 'too slow']);
    expect(failure).toBeInstanceOf(Failure);
    expect(held.current().cancel).toBe(true);
  });

  it.each([[{ fence: 2 }], [{ run: 'another' }], [{ run: undefined }]])(
    'fails when another run has it: %j',
    async (change) => {
      await amend(change);
      await expect(held.heartbeat()).rejects.toThrow(lost);
    },
  );

  it('keeps a cancel that comes between reading and renewing', async () => {
    now = begin + leaseMs - 1;
    beforePut = async () => void (await amend({ cancel: true }));
    expect(await held.heartbeat()).toMatchObject({ canceled: true });
    expect(await stored()).toMatchObject({ cancel: true, expires_at: now + leaseMs, version: 3 });
  });

  it('passes on what the store fails with', async () => {
    now = begin + leaseMs - 1;
    beforePut = async () => {
      throw new Error('the store is down');
    };
    await expect(held.heartbeat()).rejects.toThrow('the store is down');
  });
});

describe('a write', () => {
  it('asks nobody while it surely arrives before the lease ends, and renews it before it might not', async () => {
    now = begin + leaseMs - timeoutMs - 1;
    await held.assertWritable();
    expect(reads).toBe(0);
    now += 1;
    await held.assertWritable();
    expect(reads).toBe(1);
    expect((await stored()).expires_at).toBe(now + leaseMs);
    reads = 0;
    await held.assertWritable();
    expect(reads).toBe(0);
  });

  it('asks the store where a clock that was ahead made the lease, and shortens it to what one lasts', async () => {
    // Given a lease that was renewed by a clock 40 days ahead
    now = begin + 40 * 86_400_000;
    await held.assertWritable();
    expect((await stored()).expires_at).toBe(now + leaseMs);
    // When the clock is put right
    now = begin;
    reads = 0;
    await held.assertWritable();
    // Then nobody relies on it
    expect(reads).toBeGreaterThan(0);
    expect((await stored()).expires_at).toBe(begin + leaseMs);
    // And where another run has it by then, nothing may be written
    now = begin + 40 * 86_400_000;
    await held.assertWritable();
    await amend({ fence: 9 });
    now = begin;
    await expect(held.assertWritable()).rejects.toEqual(lost);
  });

  it('fails when another run has the lease by then', async () => {
    await amend({ fence: 2 });
    await held.assertWritable();
    now = begin + leaseMs;
    await expect(held.assertWritable()).rejects.toThrow(lost);
  });

  it('goes with a check of the fence', async () => {
    const write = { put: { pk: 'x', sk: 'y' } };
    await inner.transact([write, fenceCheck('u', held.fence)]);
    await amend({ fence: 2 });
    await expect(inner.transact([write, fenceCheck('u', held.fence)])).rejects.toThrow('write 1');
  });
});

describe('a lease', () => {
  it('is held until it expires, by a holder that lives, or by none while it waits', async () => {
    const lease = await stored();
    expect(holdingRun(deps(), lease)).toBe('r');
    expect(holdingRun(deps(), { ...lease, run: undefined })).toBeUndefined();
    expect(holdingRun(deps(), { ...lease, holder: 'dead' })).toBeUndefined();
    expect(holdingRun(deps(), { ...lease, holder: undefined })).toBe('r');
    now = lease.expires_at - 1;
    expect(holdingRun(deps(), lease)).toBe('r');
    now = lease.expires_at;
    expect(holdingRun(deps(), lease)).toBeUndefined();
  });

  it('when taken counts its fence up, and keeps slots, interruptions and datasource unless they are given', async () => {
    const lease = { ...(await stored()), last_slot: 5, skipped_slots: 3, interruptions: 2, purged: true, cancel: true };
    const { next } = takeLease(deps(), 'u', lease, { run: 'next' });
    expect(next).toEqual({
      ...{ v: 1, version: 2, fence: 2, datasource: 'd', run: 'next', holder: undefined, sender: 'me' },
      ...{
        expires_at: now + 900_000,
        newest_run: 'next',
        last_slot: 5,
        skipped_slots: 3,
        interruptions: 2,
        purged: true,
      },
    });
    const given = { datasource: 'e', run: 'next', holder: 'me', slot: 9, interruptions: 0, purged: false };
    expect(takeLease(deps(), 'u', lease, given).next).toMatchObject({
      ...{
        datasource: 'e',
        holder: 'me',
        sender: undefined,
        last_slot: 9,
        interruptions: 0,
        purged: false,
        expires_at: now + leaseMs,
      },
    });
  });

  it('can be taken once from what was read', async () => {
    const lease = await stored();
    const take = () => inner.transact([takeLease(deps(), 'u', lease, { run: 'other' }).write]);
    await take();
    await expect(take()).rejects.toThrow();
    const fresh = takeLease(deps(), 'v', await readLease(inner, 'v'), { run: 'one' });
    expect(fresh.next).toMatchObject({ fence: 1, version: 1, skipped_slots: 0 });
    await inner.transact([fresh.write]);
    await expect(inner.transact([fresh.write])).rejects.toThrow();
  });

  it('waits in the queue without a holder, for a quarter of an hour', async () => {
    const lease = await stored();
    await inner.transact([putInQueue(deps(), 'u', lease)]);
    const waiting = await stored();
    expect(waiting).toEqual({
      ...without(lease, 'holder'),
      sender: lease.holder,
      version: 2,
      expires_at: now + 900_000,
    });
  });

  it('is free without run, holder, cancel, failure and interruptions; fence and slots stay', async () => {
    const failure = { code: 'internal', message: 'm' };
    const lease = await amend({ cancel: true, failure, interruptions: 2, last_slot: 7, skipped_slots: 1 });
    expect(freed(lease)).toEqual({
      ...{
        v: 1,
        version: 3,
        fence: 1,
        datasource: 'd',
        expires_at: 0,
        newest_run: 'r',
        last_slot: 7,
        skipped_slots: 1,
      },
    });
  });

  it('is changed by whoever read it last, and read again by the other', async () => {
    beforePut = async () => void (await amend({ last_slot: 7 }));
    const amended = await amendLease(table, 'u', (lease) => ({ ...lease, skipped_slots: lease.skipped_slots + 1 }));
    expect(amended).toMatchObject({ last_slot: 7, skipped_slots: 1, version: 3 });
    expect(await stored()).toEqual(amended);
    expect(await amendLease(table, 'u', () => undefined)).toEqual(amended);
    const stale = { ...amended, version: 2 };
    await expect(putLease(inner, 'u', stale, stale)).rejects.toThrow();
    expect(changeLease('u', amended, amended)).toMatchObject({ condition: { type: 'version', equals: 3 } });
    beforePut = async () => {
      throw new Error('the store is down');
    };
    await expect(amendLease(table, 'u', (lease) => lease)).rejects.toThrow('the store is down');
  });
});

function without(lease: Lease, name: keyof Lease): Partial<Lease> {
  const { [name]: _left, ...rest } = lease;
  return rest;
}
