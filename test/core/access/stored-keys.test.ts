import { beforeEach, describe, expect, test } from 'vitest';
import { KeysUnavailable } from '#core/access/keys-unavailable.ts';
import { readApiKey, readApiKeys } from '#core/access/read-api-keys.ts';
import { type AccessWorld, createAccessWorld, hour, minute, second } from './access-world.ts';

let world: AccessWorld;
beforeEach(() => {
  world = createAccessWorld();
});

/** A text that is no key, in the form of one. */
function unknownText(index: number): string {
  return `stk_${String(index).padStart(12, '0')}_${'0'.repeat(50)}`;
}

describe('who gets in by a stored key', () => {
  test('given a key, its text lets in with its scope, from the moment that it is made', async () => {
    const keys = world.keys();
    expect(await keys.find(unknownText(1))).toBeUndefined();
    const { row, text } = await world.create({ scope: 'write' });
    expect(await keys.find(text)).toEqual({ id: row.id, scope: 'write' });
  });

  test('given any text but the key itself, it lets nobody in', async () => {
    const { text } = await world.create();
    const keys = world.keys();
    const last = text.endsWith('0') ? '1' : '0';
    const others = ['', 'x', text.slice(0, -1), `${text}0`, ` ${text}`, text.toUpperCase(), text.slice(0, -1) + last];
    for (const other of others) expect([other, await keys.find(other)]).toEqual([other, undefined]);
  });

  test('given a key, neither its text nor the random part of it stands in the table', async () => {
    const { row, text } = await world.create();
    const stored: string[] = [];
    for (const pk of ['access#key', 'access#guard']) {
      for await (const item of world.table.query({ pk })) stored.push(JSON.stringify(item));
    }
    expect(stored).toHaveLength(2);
    expect(stored.join()).toContain(row.hash);
    expect(stored.join()).not.toContain(text.slice(-50));
    expect(text.slice(-50)).toMatch(/^[0-9a-z]{50}$/);
  });

  test('given a key is revoked, every process that knew it turns it away within 60 seconds, others at once', async () => {
    const { row, text } = await world.create();
    const knowing = world.keys();
    await knowing.find(text);
    await world.revoke(row.id);
    expect(await world.keys().find(text)).toBeUndefined();
    world.time.now += minute - 1;
    expect(await knowing.find(text)).toBeDefined();
    world.time.now += 1;
    expect(await knowing.find(text)).toBeUndefined();
  });

  test('given the read itself took long, then the 60 seconds are counted from when it began', async () => {
    const { row, text } = await world.create();
    const gate = Promise.withResolvers<void>();
    const { get } = world.table;
    world.table.get = async (key) => {
      const item = await get(key);
      if (key.pk === 'access#key') await gate.promise;
      return item;
    };
    const keys = world.keys();
    const first = keys.find(text);
    await world.revoke(row.id);
    world.time.now += 20 * second;
    gate.resolve();
    expect(await first).toBeDefined();
    world.time.now += 40 * second;
    expect(await keys.find(text)).toBeUndefined();
  });

  test('given a key ends, then it is dead in that millisecond though it was just read', async () => {
    const { text } = await world.create({ expires_in: '30s' });
    const keys = world.keys();
    world.time.now += 30 * second - 1;
    expect(await keys.find(text)).toBeDefined();
    world.time.now += 1;
    expect(await keys.find(text)).toBeUndefined();
  });

  test('given the table is away, known keys get in for 60 seconds, then nobody, and all are told to come back', async () => {
    const { text } = await world.create();
    const keys = world.keys();
    await keys.find(text);
    world.state.away = new Error('AWS said wJalrXUtnFEMI');
    world.time.now += minute - 1;
    expect(await keys.find(text)).toBeDefined();
    world.time.now += 1;
    for (const asked of [text, unknownText(1)]) {
      const failure = await keys.find(asked).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(KeysUnavailable);
      expect(failure).toMatchObject({ code: 'keys_unavailable', retryAfterSeconds: 5, why: 'Error', cause: undefined });
    }
    expect(await keys.find('no key of ours')).toBeUndefined();
    world.state.away = undefined;
    expect(await keys.find(text)).toBeDefined();
  });

  test('given many requests at once, the key is read once, and once a minute after that', async () => {
    const { text } = await world.create();
    const keys = world.keys();
    await Promise.all(Array.from({ length: 50 }, () => keys.find(text)));
    // One of the row, one of its last use.
    const afterFirst = world.state.reads;
    for (let index = 0; index < 50; index += 1) await keys.find(text);
    expect(world.state.reads).toBe(afterFirst);
    world.time.now += minute;
    for (let index = 0; index < 50; index += 1) await keys.find(text);
    expect(world.state.reads).toBe(afterFirst + 1);
  });

  test('given a flood of texts that are no keys, each costs one read at most and the next is as new as the first', async () => {
    const keys = world.keys();
    world.state.reads = 0;
    for (let index = 0; index < 5000; index += 1) await keys.find(unknownText(index));
    expect(world.state.reads).toBe(5000);
    for (let index = 0; index < 5000; index += 1) await keys.find(`flood ${index}`);
    expect(world.state.reads).toBe(5000);
    await keys.find(unknownText(0));
    expect(world.state.reads).toBe(5001);
  });
});

describe('when a key was used last', () => {
  test('given a key in use, it is noted once an hour by all processes together, and shown beside the key', async () => {
    const { row, text } = await world.create();
    expect(await readApiKey(world, row.id)).toMatchObject({ state: { last_used: null } });
    const processes = [world.keys(), world.keys(), world.keys()];
    world.stored.reset();
    const begun = world.time.now;
    for (; world.time.now < begun + hour; world.time.now += minute) {
      for (const keys of processes) await keys.find(text);
    }
    expect(world.stored.writes).toBe(1);
    expect(await readApiKeys(world)).toMatchObject([{ id: row.id, last_used: new Date(begun).toISOString() }]);
    await Promise.all(processes.map((keys) => keys.find(text)));
    expect(await readApiKey(world, row.id)).toMatchObject({
      state: { last_used: new Date(begun + hour).toISOString() },
    });
  });

  test('given it cannot be noted, then the request passes all the same, and the log says so once', async () => {
    const { row, text } = await world.create();
    const keys = world.keys();
    world.stored.beforeWrite = () => {
      throw new Error('the table is full');
    };
    for (let index = 0; index < 10; index += 1) expect(await keys.find(text)).toBeDefined();
    const warned = world.log.lines.filter(({ fact }) => fact === 'last use of a key not noted');
    expect(warned).toMatchObject([{ level: 'warn', fields: { key: row.id } }]);
  });

  test('given a text with the right id and another end, then nothing is noted', async () => {
    const { row, text } = await world.create();
    await world.keys().find(`${text.slice(0, -50)}${'0'.repeat(50)}`);
    expect(await readApiKey(world, row.id)).toMatchObject({ state: { last_used: null } });
  });
});
