import { describe, expect, test } from 'vitest';
import { Failure } from '#core/model/errors.ts';
import { type Api, createApi } from '../api-fixture.ts';
import { connectorBody, createStrictClient, type Weather } from './strict-client.ts';

const integer = expect.toSatisfy(Number.isSafeInteger, 'an exact integer');
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

async function prepare(weather?: Weather) {
  const api = createApi();
  const client = createStrictClient(api, weather);
  const { id } = await client.data('POST', '/v1/connectors', 201, connectorBody());
  return { api, client, connector: Number(id) };
}

/** What a browser or a client makes of a form, as bytes with the content type that goes with them. */
async function formOf(fields: readonly (readonly [string, string | File])[]) {
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  const request = new Request('http://a.test', { method: 'POST', body: form });
  const headers = { 'content-type': request.headers.get('content-type') ?? '' };
  return { body: await request.text(), headers };
}

function post(api: Api, sent: { body: unknown; headers?: Record<string, string>; base64?: boolean }) {
  return api.call('POST', '/v1/data-process/async', sent);
}

const keys = ['a/1.pdf', 'missing.pdf', 'a/1.pdf'];

const weathers: readonly (readonly [string, Weather])[] = [
  ['fair weather', () => undefined],
  ['every first try answered 503 after it was applied', (request) => (request % 2 === 1 ? '503 after' : undefined)],
];

test.each(weathers)('given %s, a strict client has its keys processed, each once', async (_name, weather) => {
  const { api, client, connector } = await prepare(weather);
  const submitted = await client.data('POST', '/v1/data-process/async', 202, {
    source: { connector_id: connector, keys },
    locale: 'en-GB',
  });
  expect(submitted).toEqual({
    accepted: 2,
    rejected: [],
    jobs: [
      { filename: '1.pdf', key: 'a/1.pdf', job_id: integer, status: 'queued', document_id: null },
      { filename: 'missing.pdf', key: 'missing.pdf', job_id: integer, status: 'queued', document_id: null },
    ],
    job_ids: [1, 2],
  });
  await api.work();
  expect(await client.data('GET', '/v1/jobs/1', 200)).toEqual({
    job_id: 1,
    status: 'completed',
    filename: '1.pdf',
    key: 'a/1.pdf',
    failure_reason: null,
    failure_code: null,
    document_id: '_1.YS8xLnBkZg',
    record: 'kept',
    execution_summary: { execution_id: 1, degraded: false, failure_reason: null },
    error: null,
    created_at: time,
    completed_at: time,
  });
  const list = await client.data('GET', '/v1/jobs?page=1&page_size=1', 200);
  expect(list).toMatchObject({ total: 2, page: 1, page_size: 1 });
  const reason = expect.stringContaining('no object');
  expect(list.items).toEqual([
    expect.objectContaining({
      ...{ job_id: 2, status: 'failed', document_id: null, failure_reason: reason, error: reason },
      execution_summary: { execution_id: 2, degraded: false, failure_reason: reason },
    }),
  ]);
});

describe('the answer', () => {
  test('given jobs, meta says where to ask, and the id may be a text', async () => {
    const { api, connector } = await prepare();
    const { status, json } = await post(api, { body: { source: { connector_id: String(connector), keys } } });
    expect([status, json.meta, Object.keys(json)]).toEqual([
      202,
      { poll: '/v1/jobs/1' },
      ['status', 'data', 'error', 'meta'],
    ]);
  });

  test('given keys that are all rejected, it is still 202 and says why', async () => {
    const { api, client } = await prepare();
    const { id } = await client.data('POST', '/v1/connectors', 201, connectorBody({}, { prefix: 'in/' }));
    const { status, json } = await post(api, { body: { source: { connector_id: id, keys: ['out'] } } });
    expect([status, json.data, json.meta]).toEqual([
      202,
      {
        accepted: 0,
        rejected: [{ filename: 'out', key: 'out', error: expect.stringContaining('prefix "in/"') }],
        jobs: [],
        job_ids: [],
      },
      { poll: null },
    ]);
  });
});

describe('a request that comes again', () => {
  test('given the same content, it is answered like the first; with a new Idempotency-Key there are new jobs', async () => {
    const { api, connector } = await prepare();
    const body = { source: { connector_id: connector, keys: [...keys, ''] } };
    const first = await post(api, { body });
    await api.work();
    api.time.now += 60_000;
    const second = await post(api, { body });
    expect(second.text).toBe(first.text);
    const third = await post(api, { body, headers: { 'idempotency-key': 'again' } });
    expect(third.json.data.job_ids).toEqual([3, 4]);
    api.time.now += 86_400_000;
    expect((await post(api, { body })).json.data.job_ids).toEqual([5, 6]);
  });

  test('given two at once, both are answered with the same jobs', async () => {
    const { api, connector } = await prepare();
    const body = { source: { connector_id: connector, keys } };
    const [one, other] = await Promise.all([post(api, { body }), post(api, { body })]);
    expect(other.text).toBe(one.text);
    expect((await api.call('GET', '/v1/jobs')).json.data.total).toBe(2);
  });
});

describe('a multipart form', () => {
  const source = (connector: number, more = {}) => JSON.stringify({ connector_id: String(connector), keys, ...more });

  test.each([false, true])('given its fields, base64 %s, it is read like JSON', async (base64) => {
    const { api, connector } = await prepare();
    const form = await formOf([
      ['source', source(connector)],
      ['locale', 'de'],
      ['pipeline_config', '{"processor":[{"s3_head":{}}]}'],
    ]);
    const { status, json } = await post(api, { ...form, base64 });
    expect([status, json.data.job_ids]).toEqual([202, [1, 2]]);
  });

  test('given fields that are empty, as a form has them where there is nothing to say, they say nothing', async () => {
    const { api, connector } = await prepare();
    const form = await formOf([
      ['source', source(connector)],
      ['locale', ''],
      ['pipeline_config', ''],
    ]);
    const { status, json } = await post(api, form);
    expect([status, json.data?.job_ids]).toEqual([202, [1, 2]]);
  });

  test('given a key with what forms and JSON escape, it arrives as it is', async () => {
    const { api, connector } = await prepare();
    const odd = 'größe "x"\r\n--boundary 😀.pdf';
    const form = await formOf([['source', JSON.stringify({ connector_id: connector, keys: [odd] })]]);
    expect((await post(api, form)).json.data.jobs[0].key).toBe(odd);
  });

  test('given a file, it is 415 UNSUPPORTED_FILE', async () => {
    const { api, connector } = await prepare();
    const form = await formOf([
      ['source', source(connector)],
      ['file', new File(['x'], 'x.pdf')],
    ]);
    const { status, json } = await post(api, form);
    expect([status, json.error.code]).toEqual([415, 'UNSUPPORTED_FILE']);
    expect(json.error.message).toMatch(/files are not taken/);
  });

  test.each([
    ['a short boundary', 'multipart/form-data; boundary=x', 'x', 'name="source"'],
    ['a boundary in quotes', 'multipart/form-data; charset=utf-8; boundary="a b"', 'a b', 'name="source"'],
    ['a name without quotes', 'Multipart/Form-Data; boundary=x; charset=utf-8', 'x', 'name=source'],
    [
      'a part that says it is JSON',
      'multipart/form-data; boundary=--x',
      '--x',
      'name="source"\r\nContent-Type: application/json',
    ],
  ])('given %s, it is read', async (_name, type, boundary, name) => {
    const { api, connector } = await prepare();
    const body = `--${boundary}\r\nContent-Disposition: form-data; ${name}\r\n\r\n${source(connector)}\r\n--${boundary}--`;
    const { status, json } = await post(api, { body, headers: { 'content-type': type } });
    expect([status, json.data?.job_ids]).toEqual([202, [1, 2]]);
  });

  const bad: readonly (readonly [string, (connector: number) => [string, string][], RegExp])[] = [
    ['no source', () => [['locale', 'de']], /source: is required/],
    ['an empty form', () => [], /source: is required|not a valid multipart form/],
    ['a source that is no JSON', () => [['source', '{keys}']], /the field source is not valid JSON: line 1/],
    ['a source that is a list', () => [['source', '[]']], /the field source must be a JSON object/],
    [
      'an unknown field',
      (id) => [
        ['source', source(id)],
        ['colour', 'red'],
      ],
      /colour: is not a known field/,
    ],
    ['an unknown field in source', (id) => [['source', source(id, { url: 'x' })]], /source\.url: is not a known field/],
    [
      'a field twice',
      (id) => [
        ['source', source(id)],
        ['source', source(id)],
      ],
      /the field source twice/,
    ],
    [
      'a trap for a name',
      (id) => [
        ['source', source(id)],
        ['__proto__', '{}'],
      ],
      /__proto__: is not a known field/,
    ],
  ];
  test.each(bad)('given %s, it is 422 with the reason', async (_name, fields, reason) => {
    const { api, connector } = await prepare();
    const { status, json } = await post(api, await formOf(fields(connector)));
    expect([status, json.error.code, json.error.message]).toEqual([
      422,
      'VALIDATION_ERROR',
      expect.stringMatching(reason),
    ]);
    expect((await api.call('GET', '/v1/jobs')).json.data.total).toBe(0);
  });

  test.each([
    ['no boundary', 'multipart/form-data', '--x\r\n\r\n--x--\r\n'],
    [
      'another boundary',
      'multipart/form-data; boundary=y',
      '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n',
    ],
    [
      'an end that is missing',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="source"\r\n\r\n{}',
    ],
    [
      'a part without a name',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Type: text/plain\r\n\r\n{}\r\n--x--\r\n',
    ],
    [
      '21 parts',
      'multipart/form-data; boundary=x',
      `${Array.from({ length: 21 }, (_, n) => `--x\r\nContent-Disposition: form-data; name="f${n}"\r\n\r\n\r\n`).join('')}--x--`,
    ],
    ['words before it', 'multipart/form-data; boundary=x', 'hello\r\n--x--\r\n'],
    [
      'base64 in it',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="source"\r\nContent-Transfer-Encoding: base64\r\n\r\ne30=\r\n--x--\r\n',
    ],
    [
      'a part with two names',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="source"; name="other"\r\n\r\n{}\r\n--x--\r\n',
    ],
    [
      'a part that says twice what it is',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="source"\r\nContent-Disposition: form-data; name="other"\r\n\r\n{}\r\n--x--\r\n',
    ],
    ['another multipart', 'multipart/mixed; boundary=x', '--x\r\n\r\nb\r\n--x--\r\n'],
  ])('given %s, it is 422', async (_name, type, body) => {
    const { status, json } = await post((await prepare()).api, { body, headers: { 'content-type': type } });
    expect([status, json.error.code]).toEqual([422, 'VALIDATION_ERROR']);
  });

  test('given more than a mebibyte, it is 413 FILE_TOO_LARGE, form or not', async () => {
    const { api } = await prepare();
    const form = await formOf([['source', 'x'.repeat(1_100_000)]]);
    for (const sent of [form, { body: form.body }]) {
      const { status, json } = await post(api, sent);
      expect([status, json.error.code]).toEqual([413, 'FILE_TOO_LARGE']);
    }
  });

  test('given any other route, a form is 415 as before', async () => {
    const { api } = await prepare();
    const { status } = await api.call('POST', '/v1/connectors', await formOf([['name', 'x']]));
    expect(status).toBe(415);
  });
});

describe('bad input', () => {
  const cases: readonly (readonly [string, (source: object) => unknown, number, string, RegExp])[] = [
    ['no source', () => ({}), 422, 'VALIDATION_ERROR', /source: is required/],
    [
      'an unknown connector',
      () => ({ source: { connector_id: 99, keys } }),
      404,
      'CONNECTOR_NOT_FOUND',
      /connector 99/,
    ],
    ['the builtin', () => ({ source: { connector_id: 's3', keys } }), 404, 'CONNECTOR_NOT_FOUND', /connector s3/],
    ['a connector 0', () => ({ source: { connector_id: 0, keys } }), 422, 'VALIDATION_ERROR', /connector_id/],
    ['no connector', () => ({ source: { keys } }), 422, 'VALIDATION_ERROR', /source\.connector_id: is required/],
    [
      'keys that are no list',
      (one) => ({ source: { ...one, keys: 'x' } }),
      422,
      'VALIDATION_ERROR',
      /keys: must be a list/,
    ],
    [
      'a key that is a number',
      (one) => ({ source: { ...one, keys: [1] } }),
      422,
      'VALIDATION_ERROR',
      /keys\.0: must be a text/,
    ],
    ['no keys', (one) => ({ source: { ...one, keys: [] } }), 422, 'VALIDATION_ERROR', /at least one key/],
    [
      '1,001 keys',
      (one) => ({ source: { ...one, keys: Array.from({ length: 1001 }, (_, n) => `${n}`) } }),
      422,
      'VALIDATION_ERROR',
      /at most 1,000 keys/,
    ],
    [
      'a locale that is none',
      (one) => ({ source: one, locale: 'x y' }),
      422,
      'VALIDATION_ERROR',
      /locale: must be a language/,
    ],
    [
      'another pipeline',
      (one) => ({ source: one, pipeline_config: { ocr: true } }),
      422,
      'VALIDATION_ERROR',
      /pipeline_config/,
    ],
    ['an unknown field', (one) => ({ source: one, priority: 1 }), 422, 'VALIDATION_ERROR', /priority: is not a known/],
  ];
  test.each(cases)('given %s, it is refused and makes no job', async (_name, body, status, code, reason) => {
    const { api, connector } = await prepare();
    const answer = await post(api, { body: body({ connector_id: connector, keys }) });
    expect([answer.status, answer.json.error.code, answer.json.error.message]).toEqual([
      status,
      code,
      expect.stringMatching(reason),
    ]);
    expect((await api.call('GET', '/v1/jobs')).json.data.total).toBe(0);
  });

  test.each([
    ['/v1/jobs/7', 404, 'JOB_NOT_FOUND'],
    ['/v1/jobs/x', 422, 'VALIDATION_ERROR'],
    ['/v1/jobs/9007199254740993', 422, 'VALIDATION_ERROR'],
    ['/v1/jobs?page=0', 422, 'VALIDATION_ERROR'],
    ['/v1/jobs?page_size=1000', 422, 'VALIDATION_ERROR'],
  ])('given GET %s, it is %i %s', async (path, status, code) => {
    const answer = await (await prepare()).api.call('GET', path);
    expect([answer.status, answer.json.error.code]).toEqual([status, code]);
  });
});

test('given a source that is away, the job says so at last and the client is never told of a 5xx', async () => {
  const { api, client, connector } = await prepare();
  api.source.failure = new Failure('endpoint_unreachable', 'Nothing listens there.');
  await client.data('POST', '/v1/data-process/async', 202, { source: { connector_id: connector, keys: ['a/1.pdf'] } });
  for (let round = 0; round < 5; round += 1) await api.work();
  expect(await client.data('GET', '/v1/jobs/1', 200)).toMatchObject({
    status: 'failed',
    failure_code: 'source_failed',
    failure_reason: 'Nothing listens there.',
  });
});
