import { expect, test } from 'vitest';
import { Failure } from '#core/model/errors.ts';
import { routes } from '#http/routes.ts';
import { routesAt } from '#http/table/match-route.ts';
import { createApi } from '../api-fixture.ts';
import { connectorBody, createStrictClient, type Weather } from './strict-client.ts';

const integer = expect.toSatisfy(Number.isSafeInteger, 'an exact integer');
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

const weathers: readonly (readonly [string, Weather])[] = [
  ['fair weather', () => undefined],
  ['every first try answered 503 after it was applied', (request) => (request % 2 === 1 ? '503 after' : undefined)],
  ['every first answer lost', (request) => (request % 2 === 1 ? 'lost after' : undefined)],
  ['every first request lost', (request) => (request % 2 === 1 ? 'lost before' : undefined)],
  [
    'three tries of four answered 503 after they were applied',
    (request) => (request % 4 !== 0 ? '503 after' : undefined),
  ],
];

test.each(weathers)('given %s, a session of a strict client creates each thing once', async (_name, weather) => {
  const api = createApi();
  const { data, session } = createStrictClient(api, weather);
  const connector = await data('POST', '/v1/connectors', 201, connectorBody({}, { prefix: 'a/' }));
  expect(connector).toEqual({
    id: integer,
    name: 'my-s3-connector',
    type: 's3',
    active: true,
    last_tested_at: null,
    last_used_at: null,
    created_at: time,
    config: { bucket: 'my-documents', region: 'eu-west-1', prefix: 'a/' },
    version: expect.any(String),
  });
  const at = `/v1/connectors/${connector.id}`;
  expect(await data('GET', at, 200)).toEqual(connector);
  expect(await data('GET', '/v1/connectors', 200)).toEqual({ items: [connector], total: 1, page: 1, page_size: 50 });
  expect(await data('POST', `${at}/test`, 200)).toEqual({
    success: true,
    latency_ms: integer,
    message: 'Connection established successfully.',
  });
  expect((await data('GET', at, 200)).last_tested_at).toEqual(time);

  const daily = await data('POST', `${at}/schedules`, 201, { cron_expression: '0 6 * * *', prefix_filter: 'a/b/' });
  expect(daily).toEqual({
    id: integer,
    connector_id: connector.id,
    name: 'my-s3-connector',
    cron_expression: '0 6 * * *',
    timezone: 'UTC',
    interval: null,
    prefix_filter: 'a/b/',
    prefix: 'a/b/',
    is_active: true,
    enabled: true,
    last_run_at: null,
    next_run_at: '2026-03-02T06:00:00.000Z',
    created_at: time,
    version: expect.any(String),
  });
  const hours = await data('POST', '/v1/scheduler/schedules', 201, {
    connector_id: connector.id,
    interval: '6h',
    enabled: true,
  });
  expect(hours).toMatchObject({ interval: '6h', cron_expression: null, prefix: 'a/', is_active: true });
  expect(hours.id).not.toBe(daily.id);
  expect(await data('GET', `${at}/schedules`, 200)).toEqual([daily, hours]);
  expect(await data('GET', '/v1/scheduler/schedules', 200)).toEqual([daily, hours]);
  expect(await data('GET', `/v1/scheduler/schedules/${hours.id}`, 200)).toEqual(hours);

  const log = await data('POST', `${at}/schedules/${hours.id}/trigger`, 202);
  expect(log).toMatchObject({ id: expect.any(String), schedule_id: hours.id, status: 'running', completed_at: null });
  expect((await data('POST', `${at}/schedules/${hours.id}/trigger`, 202)).id).toBe(log.id);
  await api.work();
  expect(await data('GET', `${at}/schedules/${hours.id}/logs`, 200)).toEqual([
    {
      id: log.id,
      schedule_id: hours.id,
      started_at: time,
      completed_at: time,
      files_found: 2,
      files_new: 2,
      files_modified: 0,
      files_deleted: 0,
      files_skipped: 0,
      files_failed: 0,
      files_processed: 2,
      status: 'completed',
      error_message: null,
      error: null,
    },
  ]);
  expect((await data('GET', `/v1/scheduler/schedules/${hours.id}`, 200)).last_run_at).toEqual(time);
  expect((await data('GET', at, 200)).last_used_at).toEqual(time);

  const documents = await data('GET', '/v1/documents?page=1&page_size=1', 200);
  expect(documents).toMatchObject({ total: 2, page: 1, page_size: 1 });
  const [document] = documents.items;
  expect(document).toEqual({
    id: expect.any(String),
    filename: '1.pdf',
    file_ext: 'pdf',
    status: 'available',
    storage_path: 's3://my-documents/a/1.pdf',
    created_at: time,
    processing_count: 0,
  });
  expect(await data('GET', `/v1/documents/${document.id}`, 200)).toEqual(document);
  expect((await data('GET', '/v1/documents?page=2&page_size=1', 200)).items[0].filename).toBe('2.pdf');
  await data('POST', '/v1/data-process/async', 202, { source: { connector_id: connector.id, keys: ['a/1.pdf'] } });
  await api.work();
  expect((await data('GET', `/v1/documents/${document.id}`, 200)).processing_count).toBe(1);

  const paused = await data('PATCH', `/v1/scheduler/schedules/${hours.id}`, 200, { enabled: false });
  expect(paused).toMatchObject({ id: hours.id, is_active: false, enabled: false, next_run_at: null, interval: '6h' });
  expect(await data('GET', '/v1/usage/rate-limits', 200)).toMatchObject({ plan: 'self-hosted', unlimited: true });
  expect(session.filter(({ status }) => status >= 400 && status !== 503)).toEqual([]);
  expect((await data('GET', '/v1/connectors', 200)).total).toBe(1);
});

test('given a failed sync, its log says why', async () => {
  const api = createApi();
  const { data } = createStrictClient(api);
  const connector = await data('POST', '/v1/connectors', 201, connectorBody());
  const schedule = await data('POST', `/v1/connectors/${connector.id}/schedules`, 201, { interval: '1h' });
  api.source.failure = new Failure('access_denied', 'the keys may not list this bucket');
  await data('POST', `/v1/scheduler/schedules/${schedule.id}/trigger`, 202);
  await api.work();
  const [log] = await data('GET', `/v1/scheduler/schedules/${schedule.id}/logs`, 200);
  const reason = 'the keys may not list this bucket';
  expect(log).toMatchObject({ status: 'failed', error_message: reason, error: reason, files_found: 0 });
  expect(await data('POST', `/v1/connectors/${connector.id}/test`, 200)).toEqual({
    success: false,
    latency_ms: null,
    message: reason,
  });
});

test('given deletes, they answer as the contract says, sent again too, and what is gone is 404', async () => {
  const api = createApi();
  const { data, refused } = createStrictClient(api);
  const connector = await data('POST', '/v1/connectors', 201, connectorBody());
  const at = `/v1/connectors/${connector.id}`;
  const first = await data('POST', `${at}/schedules`, 201, { interval: '1h' });
  const second = await data('POST', `${at}/schedules`, 201, { interval: '2h' });
  expect(await data('DELETE', `${at}/schedules/${first.id}`, 200)).toEqual({ deleted: true });
  expect(await data('DELETE', `${at}/schedules/${first.id}`, 200)).toEqual({ deleted: true });
  expect(await data('DELETE', at, 204)).toBeUndefined();
  expect(await data('DELETE', at, 204)).toBeUndefined();
  expect(await refused('GET', at, 404)).toMatchObject({ code: 'CONNECTOR_NOT_FOUND' });
  expect(await refused('GET', `/v1/scheduler/schedules/${second.id}`, 404)).toMatchObject({
    code: 'SCHEDULE_NOT_FOUND',
  });
  expect(await refused('GET', `${at}/schedules`, 404)).toMatchObject({ code: 'CONNECTOR_NOT_FOUND' });
  expect(await data('GET', '/v1/connectors', 200)).toMatchObject({ items: [], total: 0 });
});

test.each(['1h', '6h', '12h', '24h', '10s', '90m', '7d'])(
  'given the interval %s, it is kept and next_run_at is true',
  async (interval) => {
    const api = createApi();
    const { data } = createStrictClient(api);
    const connector = await data('POST', '/v1/connectors', 201, connectorBody());
    const body = { connector_id: String(connector.id), interval };
    const schedule = await data('POST', '/v1/scheduler/schedules', 201, body);
    const seconds = { '1h': 3600, '6h': 21_600, '12h': 43_200, '24h': 86_400, '10s': 10, '90m': 5400, '7d': 604_800 }[
      interval
    ];
    expect(schedule).toMatchObject({ interval, cron_expression: null });
    expect(Date.parse(schedule.next_run_at)).toBe(api.time.now + (seconds ?? 0) * 1000);
  },
);

const underV1 = routes.filter(({ path }) => path.startsWith('/v1/'));

test.each(weathers)('given %s, a strict client makes every call of the route table', async (_name, weather) => {
  const api = createApi();
  const { data, refused, session } = createStrictClient(api, weather);
  const { id } = await data('POST', '/v1/connectors', 201, connectorBody());
  const at = `/v1/connectors/${id}`;
  expect((await data('GET', '/v1/connectors?page=1&page_size=10', 200)).items).toHaveLength(1);
  await data('GET', at, 200);
  await data('POST', `${at}/test`, 200);

  const nested = await data('POST', `${at}/schedules`, 201, { cron: '*/5 * * * *', prefix: 'a/', is_active: false });
  const flat = await data('POST', '/v1/scheduler/schedules', 201, {
    connector_id: `${id}`,
    interval: '1h',
    name: 'hourly',
  });
  for (const [base, schedule] of [
    [`${at}/schedules`, nested],
    ['/v1/scheduler/schedules', flat],
  ] as const) {
    const one = `${base}/${schedule.id}`;
    expect((await data('GET', base, 200)).map((each: { id: number }) => each.id)).toEqual([nested.id, flat.id]);
    expect(await data('GET', one, 200)).toEqual(schedule);
    expect(await data('PATCH', one, 200, schedule)).toEqual(schedule);
    const log = await data('POST', `${one}/trigger`, 202);
    await api.work();
    expect(await data('GET', `${one}/logs`, 200)).toEqual([
      expect.objectContaining({ id: log.id, status: 'completed' }),
    ]);
  }

  const body = { url: 'https://hooks.example.com/', events: ['job.completed'], secret: 'a-secret-of-mine' };
  const webhook = await data('POST', '/v1/webhooks', 201, body);
  expect(webhook).toMatchObject({ id: integer, url: body.url, events: body.events, active: true, created_at: time });
  expect(await data('GET', '/v1/webhooks', 200)).toMatchObject({ items: [webhook], total: 1 });

  const submitted = await data('POST', '/v1/data-process/async', 202, {
    source: { connector_id: id, keys: ['a/1.pdf'] },
  });
  await api.work();
  const job = await data('GET', `/v1/jobs/${submitted.job_ids[0]}`, 200);
  expect(job).toMatchObject({ status: 'completed', document_id: submitted.jobs[0].document_id });
  expect(await data('GET', '/v1/jobs?page=1&page_size=10', 200)).toMatchObject({ items: [job], total: 1 });
  expect((await data('GET', '/v1/documents', 200)).total).toBe(5);
  expect((await data('GET', `/v1/documents/${job.document_id}`, 200)).storage_path).toBe('s3://my-documents/a/1.pdf');
  await data('GET', '/v1/usage/rate-limits', 200);
  await data('GET', '/v1/usage', 200);
  await refused('POST', `/v1/documents/${job.document_id}/reprocess`, 400);

  await data('DELETE', `${at}/schedules/${nested.id}`, 200);
  await data('DELETE', `/v1/scheduler/schedules/${flat.id}`, 200);
  await data('DELETE', `/v1/webhooks/${webhook.id}`, 204);
  await data('DELETE', at, 204);
  const called = new Set(
    session.map(({ method, path }) =>
      routesAt(routes, path.split('?')[0] ?? '').find((each) => each.method === method),
    ),
  );
  expect(underV1.filter((route) => !called.has(route)).map(({ method, path }) => `${method} ${path}`)).toEqual([]);
});
