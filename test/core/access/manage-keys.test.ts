import { beforeEach, describe, expect, test } from 'vitest';
import { apiKeyInput, mostKeys } from '#core/access/api-key.ts';
import { listKeys } from '#core/access/api-key-store.ts';
import { makeFirstKey } from '#core/access/first-key.ts';
import { readApiKey, readApiKeys, readRevokedKeys } from '#core/access/read-api-keys.ts';
import { revokeApiKey } from '#core/access/revoke-api-key.ts';
import { auditPartition } from '#core/audit/audit-entry.ts';
import { parseInput } from '#core/model/parse-input.ts';
import { collect } from '#support/collect.ts';
import { type AccessWorld, actor, createAccessWorld, hour } from './access-world.ts';

let world: AccessWorld;
beforeEach(() => {
  world = createAccessWorld();
});

const manage = { scope: 'manage' } as const;
const isLast = { code: 'conflict', message: expect.stringContaining('last key that manages without an end') };

describe('creating keys', () => {
  test('given a key is made, it is shown with who made it and when it ends, and without text and hash', async () => {
    const { row, text } = await world.create({ name: 'ci', scope: 'write', expires_in: '90d' });
    const shown = await readApiKeys(world);
    expect(shown).toEqual([
      {
        ...{ id: row.id, name: 'ci', scope: 'write', status: 'active', created: '2026-11-30T10:00:00.000Z' },
        ...{ created_by: 'somebody', expires_at: '2027-02-28T10:00:00.000Z', last_used: null },
      },
    ]);
    for (const part of [text, row.hash]) expect(JSON.stringify(shown)).not.toContain(part);
  });

  test.each([
    ['no scope', { name: 'x' }, 'scope'],
    ['a scope that there is not', { name: 'x', scope: 'admin' }, 'scope'],
    ['no name', { scope: 'read' }, 'name'],
    ['an end without a time zone', { name: 'x', scope: 'read', expires_at: '2027-01-01T00:00:00' }, 'expires_at'],
    ['a day that no calendar has', { name: 'x', scope: 'read', expires_at: '2027-02-30T00:00:00Z' }, 'expires_at'],
    ['a length that is none', { name: 'x', scope: 'read', expires_in: 'soon' }, 'expires_in'],
    ['a length below zero', { name: 'x', scope: 'read', expires_in: '-1h' }, 'expires_in'],
    ['two ends', { name: 'x', scope: 'read', expires_in: '1h', expires_at: '2027-01-01T00:00:00Z' }, 'expires_in'],
    ['what is not known', { name: 'x', scope: 'read', key: 'mine' }, 'key'],
  ])('given %s, it is refused by name', (_name, input, path) => {
    expect(() => parseInput(apiKeyInput, input, 'API key')).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
    expect(() => parseInput(apiKeyInput, input, 'API key')).toThrow(path);
  });

  test.each(['2026-11-30T10:00:00Z', '2020-01-01T00:00:00Z', '2026-11-30T11:00:00+02:00'])(
    'given an end at %s, which is over at ten, it is refused',
    async (expires_at) => {
      await expect(world.create({ expires_at })).rejects.toMatchObject({ details: [{ path: 'expires_at' }] });
      expect(await listKeys(world.table)).toEqual([]);
    },
  );

  test('given an end that no calendar writes with four digits, it is refused', async () => {
    await expect(world.create({ expires_in: '2562047h' }).then(({ row }) => row.expires)).resolves.toMatch(/^2319-/);
    world.time.now = Date.parse('9999-12-31T00:00:00Z');
    await expect(world.create({ expires_in: '48h' })).rejects.toMatchObject({ details: [{ path: 'expires_in' }] });
  });

  test('given as many keys as there may be, another one is refused until one is revoked, also of many at once', async () => {
    const { row: model } = await world.create();
    for (let index = 1; index < mostKeys - 5; index += 1) {
      const id = String(index).padStart(12, '0');
      await world.table.put({ ...model, pk: 'access#key', sk: id, id });
    }
    world.meet(10);
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => world.create()));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason.message).toContain('there are 1,000 API keys');
    }
    const [first] = await listKeys(world.table);
    await world.revoke(first?.id ?? '');
    await world.create();
    expect(await listKeys(world.table)).toHaveLength(mostKeys);
  });
});

describe('revoking keys', () => {
  test('given a key is revoked, what is left of it can be read for 400 days, with who did it and when it was used', async () => {
    const { row, text } = await world.create();
    await world.keys().find(text);
    world.time.now += hour;
    await world.revoke(row.id);
    const view = (await readApiKey(world, row.id))?.state;
    expect(view).toMatchObject({ status: 'revoked', revoked_at: '2026-11-30T11:00:00.000Z', revoked_by: 'somebody' });
    expect(view).toMatchObject({ last_used: '2026-11-30T10:00:00.000Z' });
    expect(await readApiKeys(world)).toEqual([]);
    expect(await readRevokedKeys(world, { limit: 10 })).toEqual([view]);
    const item = await world.table.get({ pk: 'access#revoked', sk: row.id });
    expect(item).toMatchObject({ ttl: (Date.parse('2026-11-30T11:00:00Z') + 400 * 24 * hour) / 1000 });
    expect(JSON.stringify(item)).not.toContain(row.hash);
    expect(await world.table.get({ pk: 'access#used', sk: row.id })).toBeUndefined();
  });

  test('given it is revoked again, also at once, nothing changes; given another id, there is none', async () => {
    const { row } = await world.create();
    await Promise.all([world.revoke(row.id), world.revoke(row.id), world.revoke(row.id)]);
    const before = await readApiKey(world, row.id);
    world.time.now += hour;
    await world.revoke(row.id);
    expect(await readApiKey(world, row.id)).toEqual(before);
    await expect(world.revoke('0'.repeat(12))).rejects.toMatchObject({ code: 'not_found' });
  });

  test('given the last managing key where no other gets in, it stays; with another, or where the host has its own, it goes', async () => {
    const { row: one } = await world.create(manage);
    await world.create({ scope: 'write' });
    await expect(world.revoke(one.id, false)).rejects.toMatchObject(isLast);
    const { row: other } = await world.create(manage);
    await world.revoke(one.id, false);
    await expect(world.revoke(other.id, false)).rejects.toMatchObject(isLast);
    expect(await world.revoke(other.id, true)).toMatchObject({ id: other.id });
  });

  test('given another managing key that ends, also in years, it is none to rely on', async () => {
    const { row } = await world.create(manage);
    const { row: ending } = await world.create({ ...manage, expires_in: '1000d' });
    await expect(world.revoke(row.id, false)).rejects.toMatchObject(isLast);
    await world.revoke(ending.id, false);
  });

  test('given the last two managing keys are revoked at the same moment, one of them stays', async () => {
    for (let round = 0; round < 20; round += 1) {
      world.stored.beforeWrite = undefined;
      const [one, other] = [await world.create(manage), await world.create(manage)];
      for (const { id } of await listKeys(world.table)) {
        if (id !== one.row.id && id !== other.row.id) await world.revoke(id, false);
      }
      world.meet(2);
      const outcomes = await Promise.allSettled([one, other].map(({ row }) => world.revoke(row.id, false)));
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(await listKeys(world.table)).toHaveLength(1);
    }
  });

  test('given a writing of something else goes with it, both are done or neither', async () => {
    const { row } = await world.create();
    const place = { pk: 'beside', sk: 'it' };
    const beside = (condition: 'absent') => () =>
      [{ put: { ...place, v: 1 }, condition: { type: condition } }] as const;
    await world.table.put({ ...place, v: 1 });
    const deps = { ...world, hasOwnManagingKey: true };
    await expect(revokeApiKey(deps, row.id, { alongside: beside('absent') })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(await listKeys(world.table)).toHaveLength(1);
    await world.table.delete(place);
    await revokeApiKey(deps, row.id, { alongside: beside('absent') });
    expect(await world.table.get(place)).toBeDefined();
  });
});

describe('the first key', () => {
  test('given no key that manages for good, one is made, and it lets in', async () => {
    await world.create({ ...manage, expires_in: '1h' });
    await world.create({ scope: 'write' });
    const kept: string[] = [];
    const made = await makeFirstKey(world, async (text) => void kept.push(text));
    expect(kept).toEqual([made?.text]);
    expect(await world.keys().find(kept[0] ?? '')).toEqual({ id: made?.row.id, scope: 'manage' });
    expect(await makeFirstKey(world, async () => expect.unreachable())).toBeUndefined();
  });

  test('given its text cannot be kept, then no key counts that nobody has', async () => {
    const failure = new Error('the disk is full');
    await expect(makeFirstKey(world, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(await listKeys(world.table)).toEqual([]);
  });
});

describe('the tag of a key', () => {
  const tag = async (id: string) => (await readApiKey(world, id))?.tag;

  test('given it is used, the tag stays; given it is revoked, it is another', async () => {
    const { row, text } = await world.create();
    const before = await tag(row.id);
    await world.keys().find(text);
    expect(await tag(row.id)).toBe(before);
    await world.revoke(row.id);
    expect(await tag(row.id)).not.toBe(before);
  });

  test('given another state is demanded, it is not revoked, and so again once it is', async () => {
    const { row } = await world.create();
    const revoke = (demand: (tag: string) => boolean) =>
      revokeApiKey({ ...world, hasOwnManagingKey: true }, row.id, { demand });
    await expect(revoke(() => false)).rejects.toMatchObject({ code: 'precondition_failed' });
    expect((await listKeys(world.table)).length).toBe(1);
    const before = await tag(row.id);
    await revoke((now) => now === before);
    await expect(revoke((now) => now === before)).rejects.toMatchObject({ code: 'precondition_failed' });
  });
});

describe('the audit of keys', () => {
  const entries = async () => {
    const items = await collect(world.table.query({ pk: auditPartition(world.time.now) }));
    return items.map(({ action, kind, of, actor: who, before, after }) => ({ action, kind, of, who, before, after }));
  };

  test('given a key is made and revoked, each change leaves one entry, without text and hash', async () => {
    const { row, text } = await world.create({ name: 'ci', scope: 'write' });
    world.time.now += 1;
    for (const _again of [1, 2]) await world.revoke(row.id);
    const told = { name: 'ci', scope: 'write', expires_at: null };
    expect(await entries()).toEqual([
      { action: 'created', kind: 'key', of: row.id, who: actor, after: told },
      { action: 'revoked', kind: 'key', of: row.id, who: actor, before: told },
    ]);
    for (const part of [text, row.hash]) expect(JSON.stringify(await entries())).not.toContain(part);
  });

  test('given the change is refused, there is none', async () => {
    const { row } = await world.create(manage);
    await expect(world.revoke(row.id, false)).rejects.toMatchObject(isLast);
    expect((await entries()).map(({ action }) => action)).toEqual(['created']);
  });

  test('given the first key, Stocktake made it', async () => {
    await makeFirstKey(world, async () => {});
    expect(await entries()).toMatchObject([{ action: 'created', who: { kind: 'stocktake' } }]);
  });
});
