import { describe, expect, test } from 'vitest';
import { routes } from '#http/routes.ts';
import { type Answer, type Api, createApi } from '../api-fixture.ts';
import { connectorBody } from './strict-client.ts';

/** One connector (1) with one schedule (1) on it. */
async function seeded(): Promise<Api> {
  const api = createApi();
  await api.call('POST', '/v1/connectors', { body: connectorBody() });
  const { status } = await api.call('POST', '/v1/connectors/1/schedules', { body: { interval: '6h' } });
  expect(status).toBe(201);
  return api;
}

/** The status, code and message of a refusal, once its envelope was found right. */
function refusalOf({ status, json, text, headers }: Answer): [number, string, string] {
  expect(json).toEqual({ status: 'error', data: null, error: expect.any(Object) });
  expect(headers['content-type']).toMatch(/^application\/json/);
  expect(text.length).toBeLessThan(2000);
  return [status, json.error.code, json.error.message];
}

/** What there is, told in full: a refused request must leave it as it was. */
async function everything(api: Api): Promise<string> {
  const paths = [
    '/v1/connectors',
    '/v1/scheduler/schedules',
    '/v1/webhooks',
    '/v1/jobs',
    '/connector/1',
    '/datasource/1',
  ];
  const answers = await Promise.all(paths.map((path) => api.call('GET', path)));
  return answers.map(({ text }) => text).join('\n');
}

type Bad = readonly [name: string, body: unknown, reason: RegExp];

const connectors: readonly Bad[] = [
  ['another type', connectorBody({ type: 'gcs' }), /type: must be "s3"/],
  ['a type that is no text', connectorBody({ type: 3 }), /type: must be "s3"/],
  ['no type', connectorBody({ type: undefined }), /type: is required/],
  ['no name', connectorBody({ name: undefined }), /name: is required/],
  ['an empty name', connectorBody({ name: ' ' }), /name: must not be empty/],
  ['a name that is a number', connectorBody({ name: 7 }), /name: must be a text/],
  ['an unknown field', connectorBody({ active: true }), /active: is not a known field/],
  ['no config', connectorBody({ config: undefined }), /config: is required/],
  ['a config that is a text', connectorBody({ config: 'x' }), /config: must be an object/],
  ['a config that is null', connectorBody({ config: null }), /config: must be an object/],
  ['a region that is a number', connectorBody({}, { region: 7 }), /config\.region: must be a text/],
  ['TLS as a text', connectorBody({}, { use_ssl: 'yes' }), /config\.use_ssl: must be true or false/],
  ['extensions that are a text', connectorBody({}, { extensions: 'pdf' }), /config\.extensions: must be a list/],
  ['no bucket', connectorBody({}, { bucket: undefined }), /config\.bucket: is required/],
  ['a bucket that is none', connectorBody({}, { bucket: 'My Bucket' }), /config\.bucket: must be a bucket name/],
  ['neither region nor endpoint', connectorBody({}, { region: undefined }), /config\.region: is required/],
  ['no key id', connectorBody({}, { aws_access_key_id: undefined }), /config\.access_key_id: is required/],
  ['no secret', connectorBody({}, { aws_secret_access_key: undefined }), /config\.secret_access_key: is required/],
  [
    'a secret that is a number',
    connectorBody({}, { aws_secret_access_key: 12 }),
    /config\.secret_access_key: (?!is required)/,
  ],
  ['a mask for a secret', connectorBody({}, { aws_secret_access_key: '********' }), /looks like a mask/],
  ['two spellings of the key id', connectorBody({}, { accessKeyId: 'AKIA' }), /accessKeyId.*second spelling/],
  ['an unknown config field', connectorBody({}, { role: 'x' }), /config\.role: is not a known field/],
  ['a prefix that is a number', connectorBody({}, { prefix: 1 }), /config\.prefix/],
  [
    'a prefix longer than any key',
    connectorBody({}, { prefix: 'x'.repeat(1025) }),
    /config\.prefix: must be at most 1,024/,
  ],
];

const schedules: readonly Bad[] = [
  ['no timing', { name: 'x' }, /cron_expression or interval is required/],
  ['no timing but null', { cron_expression: null, interval: null }, /cron_expression or interval is required/],
  ['cron and interval', { cron: '0 6 * * *', interval: '6h' }, /interval cannot go with cron_expression/],
  ['two crons', { cron: '0 6 * * *', cron_expression: '0 7 * * *' }, /cron contradicts cron_expression/],
  ['two prefixes', { interval: '6h', prefix: 'a', prefix_filter: 'b' }, /prefix contradicts prefix_filter/],
  ['on and off', { interval: '6h', enabled: true, is_active: false }, /enabled contradicts is_active/],
  ['a cron for day and weekday', { cron_expression: '0 6 1 * MON' }, /^cron_expression .*cannot express/],
  ['a cron of six fields', { cron_expression: '0 0 6 * * *' }, /^cron_expression .*five fields.*this one has 6/],
  ['a cron that never fires', { cron_expression: '0 6 31 2 *' }, /^cron_expression .*never fires/],
  ['a cron nickname', { cron_expression: '@daily' }, /^cron_expression nicknames are not taken/],
  ['a cron with L', { cron_expression: '0 6 L * *' }, /^cron_expression .*cannot be read/],
  ['an empty cron', { cron_expression: '' }, /^cron_expression .*five fields/],
  ['a cron that is a number', { cron_expression: 5 }, /cron_expression: must be a text/],
  ['an interval of 45s', { interval: '45s' }, /^interval "45s" is not possible.*nearest are 30s and 1m/],
  ['an interval of 5s', { interval: '5s' }, /^interval .*10s/],
  ['an interval in words', { interval: 'hourly' }, /^interval "hourly" is not a duration/],
  ['an interval that is a number', { interval: 3600 }, /interval: must be a text/],
  ['an unknown zone', { cron: '0 6 * * *', timezone: 'Mars/Olympus' }, /^timezone is not a known IANA/],
  [
    'a zone in small letters',
    { cron: '0 6 * * *', timezone: 'us/pacific' },
    /^timezone is spelt "US\/Pacific" by IANA/,
  ],
  ['a zone with an interval', { interval: '6h', timezone: 'Europe/Berlin' }, /^timezone goes with/],
  ['a prefix that is a list', { interval: '6h', prefix_filter: ['a'] }, /prefix_filter/],
  ['enabled as a text', { interval: '6h', enabled: 'true' }, /enabled: must be true or false/],
  ['an unknown field', { interval: '6h', extensions: ['pdf'] }, /extensions: is not a known field/],
  [
    'a connector id with a fraction',
    { connector_id: 1.5, interval: '6h' },
    /connector_id: must be the id of a connector/,
  ],
  ['a connector id in words', { connector_id: 'one', interval: '6h' }, /connector_id: must be the id of a connector/],
  ['a connector id of zero', { connector_id: 0, interval: '6h' }, /connector_id: must be the id of a connector/],
];

describe('creates', () => {
  test.each(connectors)('given a connector with %s, it is 422 with the reason', async (_name, body, reason) => {
    const api = await seeded();
    const before = await everything(api);
    const [status, code, message] = refusalOf(await api.call('POST', '/v1/connectors', { body }));
    expect([status, code]).toEqual([422, 'VALIDATION_ERROR']);
    expect(message).toMatch(reason);
    expect(await everything(api)).toBe(before);
  });

  test.each(schedules)('given a schedule with %s, both forms are 422 with the reason', async (_name, body, reason) => {
    const api = await seeded();
    const before = await everything(api);
    const all = { connector_id: 1, ...(body as object) };
    for (const [path, sent] of [
      ['/v1/connectors/1/schedules', body],
      ['/v1/scheduler/schedules', all],
    ] as const) {
      const [status, code, message] = refusalOf(await api.call('POST', path, { body: sent }));
      expect([status, code]).toEqual([422, 'VALIDATION_ERROR']);
      expect(message).toMatch(reason);
      expect(message).not.toMatch(/sync\.|connector\.config/);
    }
    expect(await everything(api)).toBe(before);
  });

  test('given no connector, or one that is not there', async () => {
    const api = await seeded();
    const post = async (path: string, body: object) => refusalOf(await api.call('POST', path, { body })).slice(0, 2);
    expect(await post('/v1/scheduler/schedules', { interval: '6h' })).toEqual([422, 'VALIDATION_ERROR']);
    for (const connector_id of [2, '2', Number.MAX_SAFE_INTEGER]) {
      const body = { connector_id, interval: '6h' };
      expect(await post('/v1/scheduler/schedules', body)).toEqual([404, 'CONNECTOR_NOT_FOUND']);
    }
    expect(await post('/v1/connectors/2/schedules', { interval: '6h' })).toEqual([404, 'CONNECTOR_NOT_FOUND']);
    expect(await post('/v1/connectors/1/schedules', { connector_id: 2, interval: '6h' })).toEqual([
      422,
      'VALIDATION_ERROR',
    ]);
  });
});

test('given a connector of Coco’s without a bucket, a schedule on it is 422 and says what the connector lacks', async () => {
  const api = createApi();
  const config = { endpoint: 'host.test', access_key_id: 'k', secret_access_key: 'secret-0123456789' };
  await api.call('POST', '/connector', { body: { name: 'x', config } });
  const answer = await api.call('POST', '/v1/connectors/1/schedules', { body: { interval: '6h' } });
  expect(refusalOf(answer)).toEqual([422, 'VALIDATION_ERROR', 'config lacks bucket']);
  expect(answer.json.error.details).toEqual([
    { path: 'config.bucket', reason: 'is required, here or on the connector' },
  ]);
  const tested = await api.call('POST', '/v1/connectors/1/test');
  expect([tested.status, tested.json.data]).toEqual([
    200,
    { success: false, latency_ms: null, message: 'config lacks bucket' },
  ]);
});

describe('changes', () => {
  test.each([
    ...schedules.filter(([name]) => !name.startsWith('no timing')),
    ['another connector', { connector_id: 2 }, /connector_id must be 1: a schedule stays with its connector/],
    ['a zone alone', { timezone: 'Europe/Berlin' }, /^timezone goes with/],
    ['an empty name', { name: '' }, /name: must not be empty/],
    ['no name', { name: null }, /name: must be a text/],
  ] as Bad[])('given PATCH with %s, both forms are 422 with the reason', async (_name, body, reason) => {
    const api = await seeded();
    const before = await everything(api);
    for (const path of ['/v1/connectors/1/schedules/1', '/v1/scheduler/schedules/1']) {
      const [status, code, message] = refusalOf(await api.call('PATCH', path, { body }));
      expect([status, code]).toEqual([422, 'VALIDATION_ERROR']);
      expect(message).toMatch(reason);
    }
    expect(await everything(api)).toBe(before);
  });

  test('given a schedule of another connector, the nested form is 404', async () => {
    const api = await seeded();
    await api.call('POST', '/v1/connectors', { body: connectorBody({ name: 'second' }) });
    const at = '/v1/connectors/2/schedules/1';
    for (const [method, path] of [
      ['GET', at],
      ['PATCH', at],
      ['DELETE', at],
      ['POST', `${at}/trigger`],
      ['GET', `${at}/logs`],
    ] as const) {
      const answer = await api.call(method, path, method === 'PATCH' ? { body: { name: 'x' } } : {});
      expect(refusalOf(answer).slice(0, 2)).toEqual([404, 'SCHEDULE_NOT_FOUND']);
    }
    expect((await api.call('GET', '/v1/scheduler/schedules/1')).status).toBe(200);
    expect(api.messages).toEqual([]);
  });
});

const underV1 = routes.filter(({ path }) => path.startsWith('/v1/'));
const named = underV1.map((route) => [`${route.method} ${route.path}`, route] as const);
const withIds = (path: string, id: string) => path.replace('{document}', `${id}.YQ`).replace(/\{\w+\}/g, id);

describe('every route under /v1', () => {
  const reading = named.filter(([, { request }]) => request !== undefined);

  test.each(reading)('given %s with a body that is no JSON object, it is 422 in the envelope', async (_name, route) => {
    const api = await seeded();
    const before = await everything(api);
    for (const body of ['{"name":', "{'name':1}", '[]', '"x"', '7', 'null', 'name=x', '['.repeat(100_000)]) {
      const answer = await api.call(route.method, withIds(route.path, '1'), { body });
      expect(refusalOf(answer).slice(0, 2)).toEqual([422, 'VALIDATION_ERROR']);
    }
    expect(await everything(api)).toBe(before);
  });

  test.each(reading)('given %s with an unknown field, it is 422 in the envelope', async (_name, route) => {
    const api = await seeded();
    const answer = await api.call(route.method, withIds(route.path, '1'), { body: { colour: 'red' } });
    const [status, code] = refusalOf(answer);
    expect([status, code, answer.text]).toEqual([422, 'VALIDATION_ERROR', expect.stringContaining('colour')]);
    expect(api.messages).toEqual([]);
  });

  test.each(reading)('given %s with a body of 2 MB, it is 413 FILE_TOO_LARGE', async (_name, route) => {
    const api = await seeded();
    const body = JSON.stringify({ name: 'x'.repeat(2_000_000) });
    for (const base64 of [false, true]) {
      const answer = await api.call(route.method, withIds(route.path, '1'), { body, base64 });
      expect(refusalOf(answer).slice(0, 2)).toEqual([413, 'FILE_TOO_LARGE']);
    }
  });

  test.each(reading)('given a file as multipart, %s is 415 UNSUPPORTED_FILE', async (_name, route) => {
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const part = 'Content-Disposition: form-data; name="file"; filename="x.pdf"\r\n\r\nx';
    const body = `--x\r\n${part}\r\n--x--\r\n`;
    const answer = await (await seeded()).call(route.method, withIds(route.path, '1'), { body, headers });
    expect(refusalOf(answer).slice(0, 2)).toEqual([415, 'UNSUPPORTED_FILE']);
  });

  const withParameter = named.filter(([, { path }]) => path.includes('{'));

  test.each(withParameter)(
    'given %s with ids of nothing, it is 404 and names what is missing',
    async (_name, route) => {
      const api = await seeded();
      const body = route.path.endsWith('/schedules') ? { interval: '6h' } : {};
      const answer = await api.call(route.method, withIds(route.path, '77'), { body });
      const [status, code] = refusalOf(answer);
      const first = /\{(\w+)\}/.exec(route.path)?.[1] ?? '';
      expect([status, code]).toEqual([404, `${first.toUpperCase()}_NOT_FOUND`]);
    },
  );

  test.each(withParameter)('given %s with ids that cannot be, it is 422', async (_name, route) => {
    const api = await seeded();
    const ids = ['0', '-1', '1.5', '01', '1e3', 'x y', '9007199254740992', '%FF', '%zz', '%00', '_', 'x'.repeat(2000)];
    for (const id of ids.filter((each) => route.path.includes('{document}') === /[%_x]/.test(each))) {
      const path = route.path.replace(/\{\w+\}/g, id === '_' ? 'a~b' : id);
      const answer = await api.call(route.method, path, { body: {} });
      expect([id, ...refusalOf(answer).slice(0, 2)]).toEqual([id, 422, 'VALIDATION_ERROR']);
    }
  });

  test.each(named)('given %s with an unknown query parameter, it is 422', async (_name, route) => {
    const answer = await (await seeded()).call(route.method, `${withIds(route.path, '1')}?colour=red`, { body: {} });
    expect(refusalOf(answer)).toEqual([422, 'VALIDATION_ERROR', expect.stringContaining('colour')]);
  });

  /** What each parameter of a query may not be; one that a route gains later must be added here. */
  const badValues: Readonly<Record<string, readonly string[]>> = {
    page: ['0', '-1', '1.5', 'abc', '1e2', '', '%00', '99999999999999999999', '9007199254740992'],
    page_size: ['0', '-1', '201', '99999', 'abc', '1e2', ''],
    limit: ['0', '-1', '101', 'abc', ''],
    cursor: ['nothing', '%00', 'x'.repeat(5000)],
  };
  const withQuery = named.flatMap(([name, route]) =>
    (route.query ?? []).map((each) => [name, each.name, route] as const),
  );

  test.each(withQuery)(
    'given %s with a %s that cannot be, or twice, it is 422 and names it',
    async (_name, given, route) => {
      const api = await seeded();
      const values = badValues[given] ?? [];
      expect(values.length).toBeGreaterThan(0);
      for (const asked of [...values.map((value) => `${given}=${value}`), `${given}=1&${given}=1`]) {
        const answer = await api.call(route.method, `${withIds(route.path, '1')}?${asked}`);
        expect([asked, ...refusalOf(answer)]).toEqual([asked, 422, 'VALIDATION_ERROR', expect.stringContaining(given)]);
      }
    },
  );

  test.each([
    '/v1/documents?page=999999&page_size=200',
    '/v1/documents?page=51&page_size=200',
    '/v1/documents?cursor=nothing&page=2',
  ])('given %s, it is 422', async (path) => {
    expect(refusalOf(await (await seeded()).call('GET', path)).slice(0, 2)).toEqual([422, 'VALIDATION_ERROR']);
  });
});

describe('bodies of every route', () => {
  const hook = { url: 'https://hooks.example.com/', events: ['job.failed'] };
  const source = { connector_id: 1, keys: ['a'] };
  const timings: readonly Bad[] = schedules.filter(([name]) => !name.startsWith('no timing'));
  const nothing: readonly Bad[] = [
    ['a field', { force: true }, /force: is not a known field/],
    ['a list', '[]', /must be a JSON object/],
  ];
  /** Wrong types, unknown fields and values that cannot be, for each route that reads a body. */
  const table: Readonly<Record<string, readonly Bad[]>> = {
    'POST /v1/connectors': connectors,
    'POST /v1/connectors/{connector}/schedules': schedules,
    'POST /v1/scheduler/schedules': schedules.map(([name, body, reason]) => [
      name,
      { connector_id: 1, ...(body as object) },
      reason,
    ]),
    'PATCH /v1/connectors/{connector}/schedules/{schedule}': timings,
    'PATCH /v1/scheduler/schedules/{schedule}': timings,
    'POST /v1/connectors/{connector}/test': nothing,
    'POST /v1/connectors/{connector}/schedules/{schedule}/trigger': nothing,
    'POST /v1/scheduler/schedules/{schedule}/trigger': nothing,
    'POST /v1/webhooks': [
      ['a url that is a number', { ...hook, url: 7 }, /url: must be a text/],
      ['events that are a text', { ...hook, events: 'job.failed' }, /events: must be a list/],
      ['an event that is no name', { ...hook, events: ['job started'] }, /must be the name of an event/],
      ['no event', { ...hook, events: [] }, /at least one event/],
      ['an event twice', { ...hook, events: ['job.failed', 'job.failed'] }, /each event once/],
      ['a secret that is null', { ...hook, secret: null }, /secret: must be a text/],
      ['a private address', { ...hook, url: 'https://10.0.0.1/' }, /public address/],
      ['an unknown field', { ...hook, active: true }, /active: is not a known field/],
    ],
    'POST /v1/data-process/async': [
      ['a source that is a text', { source: 'x' }, /source/],
      ['keys that are an object', { source: { ...source, keys: {} } }, /keys: must be a list/],
      ['a key that is null', { source: { ...source, keys: [null] } }, /keys\.0: must be a text/],
      ['a connector that is a list', { source: { ...source, connector_id: [1] } }, /connector_id: must be the id/],
      ['a connector beyond exact integers', { source: { ...source, connector_id: 2 ** 53 } }, /connector_id: must be/],
      ['a connector that is -1', { source: { ...source, connector_id: -1 } }, /connector_id: must be the id/],
      ['no connector but an empty text', { source: { ...source, connector_id: '' } }, /connector_id: must be the id/],
      ['a locale that is a number', { source, locale: 1 }, /locale: must be a text/],
      ['a pipeline that is a list', { source, pipeline_config: [] }, /pipeline_config/],
      ['an unknown step', { source, pipeline_config: { processor: [{ ocr: {} }] } }, /pipeline_config/],
      ['an unknown field', { source, callback: 'x' }, /callback: is not a known field/],
    ],
  };

  test('given the route table, each route that reads a body has its rows', () => {
    const reading = underV1.filter(({ request }) => request !== undefined);
    expect(Object.keys(table).toSorted()).toEqual(reading.map(({ method, path }) => `${method} ${path}`).toSorted());
    for (const rows of Object.values(table)) expect(rows.length).toBeGreaterThan(1);
  });

  const rows = Object.entries(table).flatMap(([name, bad]) => bad.map((row) => [name, ...row] as const));
  test.each(rows)(
    'given %s with %s, it is 422, says what to change and changes nothing',
    async (name, _what, body, reason) => {
      const api = await seeded();
      const before = await everything(api);
      const [method = '', path = ''] = name.split(' ');
      const [status, code, message] = refusalOf(await api.call(method, withIds(path, '1'), { body }));
      expect([status, code, message]).toEqual([422, 'VALIDATION_ERROR', expect.stringMatching(reason)]);
      expect([await everything(api), api.messages, api.jobMessages]).toEqual([before, [], []]);
    },
  );
});
