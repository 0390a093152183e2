import { describe, expect, test } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import type { Table } from '#core/model/ports/table.ts';
import { type Api, createApi } from '../api-fixture.ts';
import { connectorBody } from './strict-client.ts';

const day = 86_400_000;

/** A table whose first transaction is applied and then told as failed: the answer was lost on its way. */
function losingAnswers(lost: number): Table {
  const table = openSqliteTable(':memory:');
  let left = lost;
  return {
    get: (key) => table.get(key),
    batchGet: (keys) => table.batchGet(keys),
    put: (item, condition) => table.put(item, condition),
    delete: (key, condition) => table.delete(key, condition),
    batchWrite: (writes) => table.batchWrite(writes),
    query: (query) => table.query(query),
    transact: async (writes) => {
      await table.transact(writes);
      left -= 1;
      if (left >= 0) throw new Error('socket hang up');
    },
  };
}

function post(api: Api, path: string, body: unknown, key?: string) {
  return api.call('POST', path, { body, headers: key === undefined ? {} : { 'idempotency-key': key } });
}

async function total(api: Api): Promise<number> {
  return (await api.call('GET', '/v1/connectors')).json.data.total;
}

describe('the same content', () => {
  test('given it twice, both answers are the same and one connector is there', async () => {
    const api = createApi();
    const first = await post(api, '/v1/connectors', connectorBody());
    api.time.now += day - 1000;
    const second = await post(api, '/v1/connectors/', connectorBody());
    expect([first.status, second.status, second.text]).toEqual([201, 201, first.text]);
    expect(await total(api)).toBe(1);
  });

  test('given it with its fields in another order, it is the same', async () => {
    const api = createApi();
    const { type, name, config } = connectorBody();
    await post(api, '/v1/connectors', { type, name, config });
    await post(api, '/v1/connectors', { config: Object.fromEntries(Object.entries(config).reverse()), name, type });
    expect(await total(api)).toBe(1);
  });

  test('given another secret only, it is another request', async () => {
    const api = createApi();
    await post(api, '/v1/connectors', connectorBody());
    await post(api, '/v1/connectors', connectorBody({}, { aws_secret_access_key: 'another-secret-0123456789' }));
    expect(await total(api)).toBe(2);
  });

  test('given it again after a day, or after the original was deleted, it creates another', async () => {
    const api = createApi();
    const first = await post(api, '/v1/connectors', connectorBody());
    api.time.now += day;
    const second = await post(api, '/v1/connectors', connectorBody());
    expect(second.json.data.id).not.toBe(first.json.data.id);
    await api.call('DELETE', `/v1/connectors/${second.json.data.id}`);
    const third = await post(api, '/v1/connectors', connectorBody());
    expect(third.status).toBe(201);
    expect([first, second].map(({ json }) => json.data.id)).not.toContain(third.json.data.id);
    expect(await total(api)).toBe(2);
  });

  test('given another thing under the id of a deleted original, it is not taken for it', async () => {
    const api = createApi();
    const { id } = (await post(api, '/v1/connectors', connectorBody())).json.data;
    await api.call('DELETE', `/v1/connectors/${id}`);
    api.time.now += 1;
    const config = { bucket: 'others', endpoint: 'x.test', access_key_id: 'k', secret_access_key: 'secret-of-others' };
    await api.call('PUT', `/connector/${id}?replace=true`, { body: { name: 'Other', config } });
    const again = await post(api, '/v1/connectors', connectorBody());
    expect(again.json.data).toMatchObject({ name: 'my-s3-connector' });
    expect(again.json.data.id).not.toBe(id);
  });

  test('given the original was changed since, the answer is the original as it is now', async () => {
    const api = createApi();
    const { id } = (await post(api, '/v1/connectors', connectorBody())).json.data;
    const at = `/v1/connectors/${id}/schedules`;
    const schedule = await post(api, at, { interval: '1h' });
    await api.call('PATCH', `${at}/${schedule.json.data.id}`, { body: { interval: '2h' } });
    const again = await post(api, at, { interval: '1h' });
    expect([again.status, again.json.data]).toEqual([201, expect.objectContaining({ id: 1, interval: '2h' })]);
  });

  test('given the original was moved to another connector, it creates another here', async () => {
    const api = createApi();
    await post(api, '/v1/connectors', connectorBody());
    await post(api, '/v1/connectors', connectorBody({ name: 'second' }));
    await post(api, '/v1/connectors/1/schedules', { interval: '1h' });
    const moved = await api.call('PUT', '/datasource/1', { body: { connector: { id: '2' } } });
    expect(moved.status).toBe(200);
    const again = await post(api, '/v1/connectors/1/schedules', { interval: '1h' });
    expect(again.json.data).toMatchObject({ id: 2, connector_id: 1 });
  });

  test('given it for two connectors, each gets a schedule of its own', async () => {
    const api = createApi();
    await post(api, '/v1/connectors', connectorBody());
    await post(api, '/v1/connectors', connectorBody({ name: 'second' }));
    const first = await post(api, '/v1/connectors/1/schedules', { interval: '1h' });
    const second = await post(api, '/v1/connectors/2/schedules', { interval: '1h' });
    expect([first.json.data.connector_id, second.json.data.connector_id]).toEqual([1, 2]);
  });

  test.each([2, 20])('given %i at once, one creates and the others answer with what it made', async (count) => {
    const api = createApi();
    const answers = await Promise.all(
      Array.from({ length: count }, () => post(api, '/v1/connectors', connectorBody())),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect([answers[0]?.status, await total(api)]).toEqual([201, 1]);
    const schedules = await Promise.all(
      Array.from({ length: count }, () => post(api, '/v1/scheduler/schedules', { connector_id: 1, interval: '1h' })),
    );
    expect(new Set(schedules.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect((await api.call('GET', '/v1/scheduler/schedules')).json.data).toHaveLength(1);
  });

  test('given a write that was applied and told as failed, the same POST again finds what it made', async () => {
    const api = createApi({ deps: { table: losingAnswers(1) } });
    const lost = await post(api, '/v1/connectors', connectorBody());
    expect([lost.status, lost.json.error.code]).toEqual([500, 'INTERNAL_ERROR']);
    const again = await post(api, '/v1/connectors', connectorBody());
    expect([again.status, again.json.data.id, await total(api)]).toEqual([201, 1, 1]);
  });
});

describe('Idempotency-Key', () => {
  test('given one key twice, the second answers with the original; given another, it creates', async () => {
    const api = createApi();
    const first = await post(api, '/v1/connectors', connectorBody(), 'key-1');
    const again = await post(api, '/v1/connectors', connectorBody(), 'key-1');
    expect([again.status, again.text]).toEqual([201, first.text]);
    const other = await post(api, '/v1/connectors', connectorBody(), 'key-2');
    expect([other.status, other.json.data.id]).toEqual([201, 2]);
  });

  test('given no key after one, the same content finds what the key made', async () => {
    const api = createApi();
    const first = await post(api, '/v1/connectors', connectorBody(), 'key-1');
    expect((await post(api, '/v1/connectors', connectorBody())).text).toBe(first.text);
  });

  test('given one key with another body, it is 422 and creates nothing, also at once', async () => {
    const api = createApi();
    const bodies = [connectorBody(), connectorBody({ name: 'other' })];
    const answers = await Promise.all(bodies.map((body) => post(api, '/v1/connectors', body, 'key-1')));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 422]);
    const refused = answers.find(({ status }) => status === 422);
    expect(refused?.json.error).toMatchObject({
      code: 'VALIDATION_ERROR',
      message: expect.stringContaining('came with another body before'),
    });
    expect(await total(api)).toBe(1);
  });

  test('given one key for connectors and for schedules, they have nothing to do with each other', async () => {
    const api = createApi();
    await post(api, '/v1/connectors', connectorBody(), 'key-1');
    const { status } = await post(api, '/v1/connectors/1/schedules', { interval: '1h' }, 'key-1');
    expect(status).toBe(201);
  });

  test('given one key 10 times at once, it creates once', async () => {
    const api = createApi();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => post(api, '/v1/connectors', connectorBody(), 'key-1')),
    );
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await total(api)).toBe(1);
  });

  test.each(['', ' ', 'ä', 'x'.repeat(256)])('given the key %j, it is 422', async (key) => {
    const { status, json } = await post(createApi(), '/v1/connectors', connectorBody(), key);
    expect([status, json.error.details]).toEqual([422, [expect.objectContaining({ path: 'Idempotency-Key' })]]);
  });
});

test('given what was stored for a request, the secret and its plain hash are not in it', async () => {
  const api = createApi();
  const body = connectorBody();
  await post(api, '/v1/connectors', body, 'key-of-caller');
  const { createHash } = await import('node:crypto');
  const plain = createHash('sha256').update(JSON.stringify(body)).digest('hex');
  const rows = api.table as ReturnType<typeof openSqliteTable>;
  const key = await rows.get({ pk: 'idempotency', sk: 'hash-key' });
  expect(String(key?.key).length).toBeGreaterThanOrEqual(48);
  expect(JSON.stringify(api.log.lines)).not.toContain(String(key?.key));
  expect(await rows.get({ pk: `idempotency#${plain}`, sk: 'mark' })).toBeUndefined();
});
