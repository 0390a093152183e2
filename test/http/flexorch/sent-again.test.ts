import { beforeEach, describe, expect, test } from 'vitest';
import { type Api, createApi, listed } from '../api-fixture.ts';
import { connectorBody } from './strict-client.ts';

let api: Api;
beforeEach(async () => {
  api = createApi();
  await api.call('POST', '/v1/connectors', { body: connectorBody() });
  await api.call('POST', '/v1/connectors/1/schedules', { body: { interval: '6h' } });
  await api.call('POST', '/v1/webhooks', { body: { url: 'https://hooks.example.com/', events: ['job.failed'] } });
});

const day = 86_400_000;

async function status(method: string, path: string, headers = {}): Promise<unknown[]> {
  const answer = await api.call(method, path, { headers });
  return [answer.status, answer.json?.error?.code ?? answer.json?.data ?? null];
}

describe('a DELETE that is sent again', () => {
  test.each([
    ['/v1/connectors/1', [204, null], 'CONNECTOR_NOT_FOUND'],
    ['/v1/connectors/1/schedules/1', [200, { deleted: true }], 'SCHEDULE_NOT_FOUND'],
    ['/v1/scheduler/schedules/1', [200, { deleted: true }], 'SCHEDULE_NOT_FOUND'],
    ['/v1/webhooks/1', [204, null], 'WEBHOOK_NOT_FOUND'],
  ])(
    'given %s, it is answered like the first for 24 hours, with a slash too, then it finds nothing',
    async (path, done, code) => {
      expect(await status('DELETE', path)).toEqual(done);
      expect(await status('DELETE', path)).toEqual(done);
      api.time.now += day - 1;
      expect(await status('DELETE', `${path}/`)).toEqual(done);
      api.time.now += 1;
      expect(await status('DELETE', path)).toEqual([404, code]);
    },
  );

  test.each([
    ['/v1/connectors/2', 'CONNECTOR_NOT_FOUND'],
    ['/v1/connectors/1/schedules/2', 'SCHEDULE_NOT_FOUND'],
    ['/v1/connectors/2/schedules/1', 'CONNECTOR_NOT_FOUND'],
    ['/v1/webhooks/2', 'WEBHOOK_NOT_FOUND'],
  ])('given %s, which never was there, it is 404 however often it is sent', async (path, code) => {
    expect(await status('DELETE', path)).toEqual([404, code]);
    expect(await status('DELETE', path)).toEqual([404, code]);
  });

  test('given a schedule that went with its connector, its own DELETE finds nothing, for nobody asked for it before', async () => {
    await status('DELETE', '/v1/connectors/1');
    expect(await status('DELETE', '/v1/scheduler/schedules/1')).toEqual([404, 'SCHEDULE_NOT_FOUND']);
  });

  test('given a schedule and then its connector, the schedule’s DELETE sent again is still answered', async () => {
    await status('DELETE', '/v1/connectors/1/schedules/1');
    await status('DELETE', '/v1/connectors/1');
    expect(await status('DELETE', '/v1/connectors/1/schedules/1')).toEqual([200, { deleted: true }]);
  });

  test('given what is gone, every other method still says so', async () => {
    await status('DELETE', '/v1/connectors/1');
    expect(await status('GET', '/v1/connectors/1')).toEqual([404, 'CONNECTOR_NOT_FOUND']);
    expect(await status('POST', '/v1/connectors/1/test')).toEqual([404, 'CONNECTOR_NOT_FOUND']);
  });

  test('given two at once, both are answered as done', async () => {
    const both = await Promise.all([status('DELETE', '/v1/webhooks/1'), status('DELETE', '/v1/webhooks/1')]);
    expect(both).toEqual([
      [204, null],
      [204, null],
    ]);
  });

  test('given one that broke off when it was done, it is answered as done the next time', async () => {
    const { table } = api;
    const remove = table.delete.bind(table);
    table.delete = () => Promise.reject(new Error('killed'));
    expect(await status('DELETE', '/v1/webhooks/1')).toEqual([500, 'INTERNAL_ERROR']);
    table.delete = remove;
    expect((await api.call('GET', '/v1/webhooks')).json.data.total).toBe(0);
    expect(await status('DELETE', '/v1/webhooks/1')).toEqual([204, null]);
  });

  test('given one that was marked and never done, it is done the next time', async () => {
    const { table } = api;
    const transact = table.transact.bind(table);
    table.transact = () => Promise.reject(new Error('killed'));
    expect(await status('DELETE', '/v1/webhooks/1')).toEqual([500, 'INTERNAL_ERROR']);
    table.transact = transact;
    expect(await status('DELETE', '/v1/webhooks/1')).toEqual([204, null]);
    expect((await api.call('GET', '/v1/webhooks')).json.data.total).toBe(0);
  });
});

describe('a trigger that is sent again', () => {
  const at = '/v1/connectors/1/schedules/1';

  async function trigger(headers: Record<string, string> = {}): Promise<string> {
    const answer = await api.call('POST', `${at}/trigger`, { headers });
    expect([answer.status, answer.json.status]).toEqual([202, 'accepted']);
    return answer.json.data.id;
  }

  const runs = async () => (await api.call('GET', '/datasource/1/_runs')).json.runs.length as number;

  test('given the run ended before its answer came, it starts no other, for 90 seconds', async () => {
    const first = await trigger();
    await api.work();
    expect(await trigger()).toBe(first);
    api.time.now += 60_000;
    expect(await trigger()).toBe(first);
    expect(await runs()).toBe(1);
    api.time.now += 30_000;
    expect(await trigger()).not.toBe(first);
  });

  test('given somebody saw how the run ended, a trigger is a new one, and finds what came since', async () => {
    const first = await trigger();
    await api.work();
    await api.call('GET', `${at}/logs`);
    api.objects.push(listed('new'));
    const second = await trigger();
    expect(second).not.toBe(first);
    await api.work();
    const { data } = (await api.call('GET', `${at}/logs`)).json;
    expect(data[0]).toMatchObject({ id: second, files_new: 1 });
  });

  test('given somebody looked while the run was on, its end has not been seen', async () => {
    const first = await trigger();
    await api.call('GET', `${at}/logs`);
    await api.work();
    expect(await trigger()).toBe(first);
  });

  test('given the settings were changed since, a trigger is a new one', async () => {
    const first = await trigger();
    await api.work();
    await api.call('PATCH', at, { body: { name: 'mended' } });
    expect(await trigger()).not.toBe(first);
  });

  test('given an Idempotency-Key, it alone decides, for a day', async () => {
    const first = await trigger({ 'idempotency-key': 'one' });
    await api.work();
    await api.call('GET', `${at}/logs`);
    expect(await trigger({ 'idempotency-key': 'one' })).toBe(first);
    const second = await trigger({ 'idempotency-key': 'two' });
    expect(second).not.toBe(first);
    await api.work();
    expect(await trigger({ 'idempotency-key': 'two' })).toBe(second);
    api.time.now += day;
    expect(await trigger({ 'idempotency-key': 'one' })).not.toBe(first);
  });

  test('given an Idempotency-Key that cannot be one, it is 422 and starts nothing', async () => {
    const headers = { 'idempotency-key': 'with a blank' };
    expect(await status('POST', `${at}/trigger`, headers)).toEqual([422, 'VALIDATION_ERROR']);
    expect(await runs()).toBe(0);
  });

  test('given the other path to the same schedule, it is the same trigger', async () => {
    const first = await trigger();
    await api.work();
    const other = await api.call('POST', '/v1/scheduler/schedules/1/trigger');
    expect(other.json.data.id).toBe(first);
  });

  test('given another schedule, its trigger is its own', async () => {
    await api.call('POST', '/v1/connectors/1/schedules', { body: { interval: '12h' } });
    const first = await trigger();
    await api.work();
    const other = await api.call('POST', '/v1/connectors/1/schedules/2/trigger');
    expect(other.json.data).toMatchObject({ schedule_id: 2, status: 'running' });
    expect(other.json.data.id).not.toBe(first);
  });
});
