import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { PushedBack } from '#core/model/errors.ts';
import type { Query, Table } from '#core/model/ports/table.ts';
import { createPatientTable } from '#core/table/patient-table.ts';
import { collect } from '#support/collect.ts';

let store: ReturnType<typeof openSqliteTable>;
const names = ['a', 'b', 'c', 'd', 'e', 'f'];
beforeEach(async () => {
  store = openSqliteTable(':memory:');
  await store.batchWrite(names.map((sk) => ({ put: { pk: 'p', sk, version: 1 } })));
});
afterEach(() => store.close());

const refused = (): Promise<never> => Promise.reject(new PushedBack('ThrottlingException'));

/** The store, where every second call is pushed back, and a query after every second item. */
function everySecond(): Table {
  let calls = 0;
  const gate = <T>(call: () => Promise<T>): Promise<T> => {
    calls += 1;
    return calls % 2 === 1 ? refused() : call();
  };
  return {
    ...store,
    get: (key) => gate(() => store.get(key)),
    batchGet: (keys) => gate(() => store.batchGet(keys)),
    put: (item, condition) => gate(() => store.put(item, condition)),
    delete: (key, condition) => gate(() => store.delete(key, condition)),
    transact: (writes) => gate(() => store.transact(writes)),
    async *query(query) {
      let read = 0;
      for await (const item of store.query(query)) {
        if (read === 2) await refused();
        read += 1;
        yield item;
      }
    },
  };
}

describe('a patient table', () => {
  it('makes each call again that was pushed back, as often as whoever waits lets it', async () => {
    let waits = 0;
    const table = createPatientTable(everySecond(), () => {
      waits += 1;
    });
    await table.put({ pk: 'p', sk: 'g' });
    await table.transact([{ delete: { pk: 'p', sk: 'f' } }]);
    await table.delete({ pk: 'p', sk: 'e' });
    expect(await table.get({ pk: 'p', sk: 'e' })).toBeUndefined();
    expect(await table.batchGet([{ pk: 'p', sk: 'g' }])).toHaveLength(1);
    expect(waits).toBe(5);
  });

  const slices: [Omit<Query, 'pk'>, string][] = [
    [{}, 'abcdef'],
    [{ from: 'b', before: 'f' }, 'bcde'],
    [{ after: 'a', through: 'e' }, 'bcde'],
    [{ limit: 5 }, 'abcde'],
    [{ limit: 2 }, 'ab'],
    [{ direction: 'descending' }, 'fedcba'],
    [{ direction: 'descending', through: 'e', after: 'a', limit: 3 }, 'edc'],
    [{ direction: 'descending', before: 'e', from: 'b' }, 'dcb'],
  ];
  it.each(slices)(
    'reads each item of the slice %j once, in order, wherever it was pushed back',
    async (slice, found) => {
      const table = createPatientTable(everySecond(), () => undefined);
      expect((await collect(table.query({ pk: 'p', ...slice }))).map(({ sk }) => sk).join('')).toBe(found);
    },
  );

  it('gives up with what whoever waits throws, and lets every other error pass', async () => {
    const over = new Error('over');
    const table = createPatientTable({ ...store, get: refused }, () => {
      throw over;
    });
    await expect(table.get({ pk: 'p', sk: 'a' })).rejects.toBe(over);
    await expect(table.put({ pk: 'p', sk: 'a' }, { type: 'absent' })).rejects.toMatchObject({
      name: 'ConditionFailed',
    });
  });
});
