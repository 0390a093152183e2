import { beforeEach, describe, expect, test } from 'vitest';
import { readDatasource, updateDatasource } from '#core/registry/datasource-store.ts';
import { somebody } from '#support/somebody.ts';
import { type Api, createApi, datasourceBody, secret } from '../api-fixture.ts';
import { connectorBody, createStrictClient } from './strict-client.ts';

let api: Api;
let data: ReturnType<typeof createStrictClient>['data'];
beforeEach(() => {
  api = createApi();
  data = createStrictClient(api).data;
});

/** What Coco's dialect shows of something; undefined if there is none. */
async function inCoco(path: string) {
  const { status, json } = await api.call('GET', path);
  expect([200, 404]).toContain(status);
  return json._source;
}

async function put(path: string, body: unknown): Promise<void> {
  const { status, text } = await api.call('PUT', path, { body });
  expect([status, text]).toEqual([200, expect.stringContaining('updated')]);
}

/** A connector with an id of its own and one datasource on it, both made in Coco's dialect. */
async function madeInCoco(): Promise<{ connector: number; schedule: number }> {
  const config = { bucket: 'coco-bucket', endpoint: 'host.test', access_key_id: 'k', secret_access_key: secret };
  await api.call('POST', '/connector', { body: { id: 'own', name: 'Own', config: { ...config, prefix: 'a/' } } });
  const connector = { id: 'own' };
  await api.call('POST', '/datasource', { body: datasourceBody({ id: 'docs', name: 'Docs', connector }) });
  const [{ number: schedule }, { number }] = [await inCoco('/datasource/docs'), await inCoco('/connector/own')];
  return { connector: number, schedule };
}

describe('made under /v1', () => {
  test('given a connector, Coco shows it, without its secret', async () => {
    const { id } = await data('POST', '/v1/connectors', 201, connectorBody({}, { prefix: 'a/' }));
    const source = await inCoco(`/connector/${id}`);
    expect(source).toMatchObject({ id: String(id), number: id, name: 'my-s3-connector', builtin: false });
    expect(source.config).toEqual({
      bucket: 'my-documents',
      region: 'eu-west-1',
      access_key_id: 'AKIAEXAMPLE',
      prefix: 'a/',
    });
    const found = await api.call('GET', '/connector/_search?query=my-s3-connector');
    expect(found.json.hits.total.value).toBe(1);
  });

  test('given a schedule, Coco shows it as a datasource that inherits, with the same next firing and runs', async () => {
    const connector = await data('POST', '/v1/connectors', 201, connectorBody({}, { prefix: 'a/' }));
    const body = { cron_expression: '30 6 * * MON-FRI' };
    const schedule = await data('POST', `/v1/connectors/${connector.id}/schedules`, 201, body);
    const source = await inCoco(`/datasource/${schedule.id}`);
    expect(source).toMatchObject({
      number: schedule.id,
      enabled: true,
      connector: { id: String(connector.id), config: {} },
      sync: { enabled: true, strategy: 'cron', cron: '30 6 * * MON-FRI', timezone: 'UTC' },
      schedule: { next_run_at: schedule.next_run_at, state: 'enabled' },
    });
    const log = await data('POST', `/v1/scheduler/schedules/${schedule.id}/trigger`, 202);
    await api.work();
    const { json } = await api.call('GET', `/datasource/${schedule.id}/_runs`);
    expect(json.runs).toMatchObject([{ id: log.id, status: 'completed', trigger: 'manual' }]);
    const documents = await api.call('GET', `/document/_search?datasource=${schedule.id}`);
    const ids = documents.json.hits.hits.map(({ _id }: { _id: string }) => _id);
    const { items } = await data('GET', '/v1/documents', 200);
    expect([ids.length, ids]).toEqual([2, items.map(({ id }: { id: string }) => id)]);
  });

  test('given changes and deletes, Coco sees them', async () => {
    const connector = await data('POST', '/v1/connectors', 201, connectorBody());
    const { id } = await data('POST', `/v1/connectors/${connector.id}/schedules`, 201, {
      interval: '1h',
      enabled: false,
    });
    expect(await inCoco(`/datasource/${id}`)).toMatchObject({ enabled: true, sync: { enabled: false } });
    const at = `/v1/connectors/${connector.id}/schedules/${id}`;
    await data('PATCH', at, 200, { is_active: true, interval: '24h', prefix: 'a/', name: 'renamed' });
    expect(await inCoco(`/datasource/${id}`)).toMatchObject({
      name: 'renamed',
      enabled: true,
      connector: { config: { prefix: 'a/' } },
      sync: { enabled: true, strategy: 'interval', interval: '24h' },
      schedule: { expression: 'rate(1 day)' },
    });
    await data('PATCH', at, 200, { cron: '0 6 * * *', prefix_filter: null });
    const changed = await inCoco(`/datasource/${id}`);
    expect(changed).toMatchObject({ connector: { config: {} }, sync: { strategy: 'cron', cron: '0 6 * * *' } });
    expect(changed.sync.interval).toBeUndefined();
    await data('DELETE', `/v1/scheduler/schedules/${id}`, 200);
    expect(await inCoco(`/datasource/${id}`)).toBeUndefined();
  });

  test('given a connector deleted, its datasources go with it and their records are purged; others stay', async () => {
    await madeInCoco();
    const connector = await data('POST', '/v1/connectors', 201, connectorBody());
    const ids: number[] = [];
    for (const interval of ['1h', '2h']) {
      ids.push((await data('POST', `/v1/connectors/${connector.id}/schedules`, 201, { interval })).id);
    }
    await api.call('POST', '/datasource', {
      body: datasourceBody({ id: 'on-it', connector: { id: String(connector.id) } }),
    });
    await data('DELETE', `/v1/connectors/${connector.id}`, 204);
    for (const id of [...ids, 'on-it']) expect(await inCoco(`/datasource/${id}`)).toBeUndefined();
    expect(await inCoco(`/connector/${connector.id}`)).toBeUndefined();
    expect(api.messages.filter((message) => JSON.stringify(message).includes('"purge"'))).toHaveLength(3);
    expect(await inCoco('/datasource/docs')).toBeDefined();
  });
});

describe('made in Coco', () => {
  test('given a connector with settings and a datasource on it, /v1 shows both under their numbers', async () => {
    const { connector, schedule } = await madeInCoco();
    const { items } = await data('GET', '/v1/connectors', 200);
    expect(items).toMatchObject([{ id: connector, name: 'Own', type: 's3', active: true }]);
    const [shown, ...others] = await data('GET', `/v1/connectors/${connector}/schedules`, 200);
    expect(others).toEqual([]);
    expect(shown).toMatchObject({ id: schedule, connector_id: connector, name: 'Docs', interval: '5m', prefix: 'a/' });
    expect(await data('POST', `/v1/connectors/${connector}/test`, 200)).toMatchObject({ success: true });
    await data('POST', `/v1/scheduler/schedules/${schedule}/trigger`, 202);
    await api.work();
    const { last_run: run } = await inCoco('/datasource/docs');
    const [log] = await data('GET', `/v1/scheduler/schedules/${schedule}/logs`, 200);
    expect(log).toMatchObject({ id: run.id, status: 'completed', files_new: run.counters.added });
  });

  test.each([
    ['the datasource', { enabled: false }],
    ['its sync', { sync: { enabled: false } }],
  ])('given %s switched off, /v1 shows a pause, and can end it', async (_name, body) => {
    const { schedule } = await madeInCoco();
    await put('/datasource/docs', body);
    const at = `/v1/scheduler/schedules/${schedule}`;
    expect(await data('GET', at, 200)).toMatchObject({ is_active: false, enabled: false, next_run_at: null });
    expect(await data('PATCH', at, 200, { enabled: true })).toMatchObject({ is_active: true, enabled: true });
    const source = await inCoco('/datasource/docs');
    expect(source).toMatchObject({ enabled: true, sync: { enabled: true }, schedule: { state: 'enabled' } });
  });

  test('given other times, /v1 shows them, and next_run_at in the zone they are in', async () => {
    const { schedule } = await madeInCoco();
    const at = `/v1/scheduler/schedules/${schedule}`;
    await put('/datasource/docs', { sync: { interval: '90m' } });
    expect(await data('GET', at, 200)).toMatchObject({ interval: '90m', next_run_at: '2026-03-01T11:30:00.000Z' });
    await put('/datasource/docs', { sync: { cron: '0 6 * * *', timezone: 'America/New_York' } });
    const shown = { cron_expression: '0 6 * * *', interval: null, timezone: 'America/New_York' };
    expect(await data('GET', at, 200)).toMatchObject({ ...shown, next_run_at: '2026-03-01T11:00:00.000Z' });
    const utc = await data('PATCH', at, 200, { cron_expression: '0 7 * * *' });
    expect(utc).toMatchObject({ timezone: 'UTC', next_run_at: '2026-03-02T07:00:00.000Z' });
    await put('/datasource/docs', { sync: { strategy: 'manual' } });
    const byHand = { cron_expression: null, interval: null, is_active: true, next_run_at: null };
    expect(await data('GET', at, 200)).toMatchObject(byHand);
  });

  test('given the connector’s prefix changed, a schedule that inherits it follows; one with its own does not', async () => {
    const { connector, schedule } = await madeInCoco();
    const own = await data('POST', `/v1/connectors/${connector}/schedules`, 201, { interval: '1h', prefix: '' });
    const config = { bucket: 'coco-bucket', endpoint: 'host.test', access_key_id: 'k', secret_access_key: secret };
    await put('/connector/own', { name: 'Own', config: { ...config, prefix: 'c' } });
    expect(await data('GET', `/v1/scheduler/schedules/${schedule}`, 200)).toMatchObject({
      prefix: 'c',
      prefix_filter: 'c',
    });
    expect(await data('GET', `/v1/scheduler/schedules/${own.id}`, 200)).toMatchObject({ prefix: '' });
  });

  test('given deletes, /v1 sees them', async () => {
    const { connector, schedule } = await madeInCoco();
    await api.call('DELETE', '/datasource/docs');
    expect((await api.call('GET', `/v1/scheduler/schedules/${schedule}`)).json.error.code).toBe('SCHEDULE_NOT_FOUND');
    await api.call('DELETE', '/connector/own');
    expect((await api.call('GET', `/v1/connectors/${connector}`)).json.error.code).toBe('CONNECTOR_NOT_FOUND');
  });

  test('given the builtin connector or one without settings, /v1 shows neither, nor what is on them', async () => {
    await api.call('POST', '/datasource', { body: datasourceBody({ id: 'on-s3' }) });
    await api.call('POST', '/connector', { body: { id: 'empty', name: 'Empty' } });
    expect(await data('GET', '/v1/connectors', 200)).toMatchObject({ items: [], total: 0 });
    expect(await data('GET', '/v1/scheduler/schedules', 200)).toEqual([]);
    const { number } = await inCoco('/datasource/on-s3');
    expect((await api.call('GET', `/v1/scheduler/schedules/${number}`)).status).toBe(404);
    const config = { bucket: 'bucket', endpoint: 'host.test', access_key_id: 'k', secret_access_key: secret };
    await put('/connector/empty', { name: 'Empty', config });
    expect((await data('GET', '/v1/connectors', 200)).items).toMatchObject([{ name: 'Empty' }]);
  });

  test('given connectors in no order, a page of them is in the order of their numbers', async () => {
    for (const id of ['zeta', 'alpha', '7']) {
      const config = { bucket: 'bucket', endpoint: 'host.test', access_key_id: 'k', secret_access_key: secret };
      await api.call('POST', '/connector', { body: { id, name: id, config } });
    }
    const first = await data('GET', '/v1/connectors?page_size=2', 200);
    expect(first).toMatchObject({
      items: [
        { id: 1, name: 'zeta' },
        { id: 2, name: 'alpha' },
      ],
      total: 3,
      page_size: 2,
    });
    const second = await data('GET', '/v1/connectors?page_size=2&page=2', 200);
    expect(second).toMatchObject({ items: [{ id: 7, name: '7' }], total: 3, page: 2 });
    expect((await data('GET', '/v1/connectors?page=3&page_size=2', 200)).items).toEqual([]);
  });
});

describe('sent back as it came', () => {
  test.each([
    ['an interval', { sync: { interval: '6h' } }],
    ['a cron in a zone', { sync: { cron: '0 6 * * *', timezone: 'Europe/Berlin' } }],
    ['no timing', { sync: { strategy: 'manual' } }],
    ['a pause', { sync: { interval: '6h', enabled: false } }],
    ['an empty prefix of its own', { connector: { config: { prefix: '' } } }],
  ])('given a schedule with %s, PATCH with all of it changes nothing', async (_name, body) => {
    const { schedule } = await madeInCoco();
    await put('/datasource/docs', body);
    const { updated: _before, ...before } = await inCoco('/datasource/docs');
    const version = (await readDatasource(api.table, 'docs'))?.config_version;
    const face = await data('GET', `/v1/scheduler/schedules/${schedule}`, 200);
    expect(await data('PATCH', `/v1/scheduler/schedules/${schedule}`, 200, face)).toEqual(face);
    const { updated: _after, ...after } = await inCoco('/datasource/docs');
    expect(after).toEqual(before);
    expect((await readDatasource(api.table, 'docs'))?.config_version).toBe(version);
  });

  test('given an expression that Unix cron lacks, set in the AWS console, /v1 keeps it and tells its next firing', async () => {
    const { schedule } = await madeInCoco();
    const row = await readDatasource(api.table, 'docs');
    if (row === undefined) throw new Error('there is no docs');
    const { interval: _interval, ...sync } = row.sync;
    const lastDay = { ...sync, strategy: 'cron', timezone: 'UTC', expression: 'cron(0 6 L * ? *)' } as const;
    await updateDatasource({ ...somebody, table: api.table }, row, { ...row, sync: lastDay });
    const at = `/v1/scheduler/schedules/${schedule}`;
    const face = await data('GET', at, 200);
    expect(face).toMatchObject({ cron_expression: null, interval: null, next_run_at: '2026-03-31T06:00:00.000Z' });
    const renamed = { ...face, name: 'renamed', version: expect.not.stringContaining(face.version) };
    expect(await data('PATCH', at, 200, { ...face, name: 'renamed' })).toEqual(renamed);
    expect(await data('PATCH', at, 200, { interval: '1h' })).toMatchObject({ interval: '1h' });
  });
});

test('given a held run, its log has failed and says how to approve it', async () => {
  const { schedule } = await madeInCoco();
  const kept = api.objects.splice(0);
  api.objects.push(
    ...Array.from({ length: 20 }, (_each, n) => ({ ...kept[0]!, key: `a/${String(n).padStart(2, '0')}` })),
  );
  const at = `/v1/scheduler/schedules/${schedule}`;
  await data('POST', `${at}/trigger`, 202);
  await api.work();
  // Without a look at how the first ended, the second trigger would be taken for the same request sent again
  expect(await data('GET', `${at}/logs`, 200)).toMatchObject([{ status: 'completed' }]);
  api.objects.splice(0);
  const { id } = await data('POST', `${at}/trigger`, 202);
  await api.work();
  const [log] = await data('GET', `${at}/logs?limit=1`, 200);
  expect(log).toMatchObject({ id, status: 'failed', files_deleted: 0 });
  expect(log.error_message).toContain(`/datasource/docs/_runs/${id}/_approve`);
});

test('given a dry run, it is no log, and a trigger meanwhile is 409', async () => {
  const { schedule } = await madeInCoco();
  await api.call('POST', '/datasource/docs/_preview');
  const trigger = await api.call('POST', `/v1/scheduler/schedules/${schedule}/trigger`);
  expect([trigger.status, trigger.json.error.code]).toEqual([409, 'CONFLICT']);
  await api.work();
  expect(await data('GET', `/v1/scheduler/schedules/${schedule}/logs`, 200)).toEqual([]);
  expect(await data('GET', `/v1/scheduler/schedules/${schedule}`, 200)).toMatchObject({ last_run_at: null });
});

test('given more documents than a page, their pages and the cursor tell each of them once', async () => {
  const { schedule } = await madeInCoco();
  await data('POST', `/v1/scheduler/schedules/${schedule}/trigger`, 202);
  const kept = api.objects.splice(0);
  api.objects.push(...Array.from({ length: 7 }, (_each, n) => ({ ...kept[0]!, key: `a/${n}` })));
  await api.work();
  const byPage: string[] = [];
  for (const page of [1, 2, 3, 4]) {
    const { items, total } = await data('GET', `/v1/documents?page=${page}&page_size=3`, 200);
    expect(total).toBe(7);
    byPage.push(...items.map(({ filename }: { filename: string }) => filename));
  }
  expect(byPage).toEqual(['0', '1', '2', '3', '4', '5', '6']);
  const byCursor: string[] = [];
  let cursor = '';
  do {
    const { items, next_cursor: next } = await data('GET', `/v1/documents?page_size=3${cursor}`, 200);
    byCursor.push(...items.map(({ filename }: { filename: string }) => filename));
    cursor = next === undefined ? '' : `&cursor=${next}`;
  } while (cursor !== '');
  expect(byCursor).toEqual(byPage);
});
