import { describe, expect, test } from 'vitest';
import { createApi, datasourceBody, eventOf } from './api-fixture.ts';

type Bad = readonly [name: string, body: unknown, reason: RegExp];

const post: readonly Bad[] = [
  ['an unknown field', datasourceBody({ colour: 'red' }), /colour: is not a known field/],
  ['an unknown config field', datasourceBody({}, { buckets: 'x' }), /connector\.config\.buckets: is not a known field/],
  ['no name', datasourceBody({ name: undefined }), /name: is required/],
  ['another type', datasourceBody({ type: 'file' }), /type: must be "connector"/],
  [
    'an unknown connector',
    datasourceBody({ connector: { id: 'nope' } }),
    /connector\.id: there is no connector "nope"/,
  ],
  [
    'an interval of 45s',
    datasourceBody({ sync: { interval: '45s' } }),
    /"45s" is not possible.*nearest are 30s and 1m/,
  ],
  ['an interval that is a number', datasourceBody({ sync: { interval: 300 } }), /sync\.interval: must be a text/],
  ['interval and cron', datasourceBody({ sync: { interval: '5m', cron: '0 6 * * *' } }), /either interval or cron/],
  [
    'a list of numbers for extensions',
    datasourceBody({}, { extensions: [1, 2] }),
    /extensions\.0: must be a list of strings/,
  ],
  [
    'an endpoint with a scheme',
    datasourceBody({}, { endpoint: 'https://s3.test' }),
    /endpoint: must be host\[:port\],.*without a scheme/,
  ],
  ['a bucket of two dots', datasourceBody({}, { bucket: '..' }), /bucket: must be a bucket name/],
  [
    'no credentials',
    datasourceBody({}, { access_key_id: undefined, secret_access_key: undefined }),
    /lacks access_key_id/,
  ],
  ['a mask for a secret', datasourceBody({}, { secret_access_key: '********' }), /looks like a mask/],
  ['an id like a verb', datasourceBody({ id: '_search' }), /id: must be 1–64/],
  [
    'a __proto__ field',
    JSON.stringify(datasourceBody()).replace('{', '{"__proto__":{"enabled":true},'),
    /line 1, column 2: no field can be called __proto__/,
  ],
  ['a list', '[]', /must be a JSON object/],
  ['a text', '"x"', /must be a JSON object/],
  ['null', 'null', /must be a JSON object/],
  ['nothing', undefined, /the body is empty/],
  ['blanks', ' \n ', /the body is empty/],
  ['JSON cut short', '{"name":\n "x', /line 2, column 2: this text has no closing quote/],
  ['single quotes', "{'name':1}", /line 1, column 2: expected a field name in double quotes/],
  ['a comma too many', '{"name":"x",}', /line 1, column 13: expected a field name/],
  ['a form', 'name=x&type=connector', /line 1, column 1: expected a value/],
  ['JSON that is nested very deep', '['.repeat(100_000), /nested deeper than 32 levels/],
];

describe('bodies', () => {
  test.each(post)(
    'given %s, POST /datasource is 400 with the reason and stores nothing',
    async (_name, body, reason) => {
      const api = createApi();
      const { status, json } = await api.call('POST', '/datasource/', { body });
      expect([status, json.status, json.request_id]).toEqual([400, 400, 'request-1']);
      expect(json.error.reason).toMatch(reason);
      expect((await api.call('GET', '/datasource/_search')).json.hits.total.value).toBe(0);
    },
  );

  test('given several wrong fields, all of them are named in details', async () => {
    const body = datasourceBody({ colour: 1, name: '' }, { bucket: '..' });
    const { json } = await createApi().call('POST', '/datasource/', { body });
    const paths = json.error.details.map(({ path }: { path: string }) => path);
    expect(paths.toSorted()).toEqual(['colour', 'connector.config.bucket', 'name']);
  });

  test('given a body of 2 MB, it is 413 and not read, base64 or not', async () => {
    const body = JSON.stringify(datasourceBody({ description: 'x'.repeat(2_000_000) }));
    for (const base64 of [false, true]) {
      const { status, json } = await createApi().call('POST', '/datasource/', { body, base64 });
      expect([status, json.error.code]).toEqual([413, 'too_large']);
    }
  });

  test('given a body of exactly 1 MiB, it is read', async () => {
    const body = JSON.stringify(datasourceBody()).padEnd(1024 * 1024, ' ');
    expect((await createApi().call('POST', '/datasource/', { body })).status).toBe(200);
    expect((await createApi().call('POST', '/datasource/', { body: `${body} ` })).status).toBe(413);
  });

  test('given multipart, it is 415', async () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const { status, json } = await createApi().call('POST', '/datasource/', { body: '--x--', headers });
    expect([status, json.error.code]).toEqual([415, 'unsupported_media_type']);
  });

  test('given bytes that are not UTF-8, it is 400', async () => {
    const api = createApi();
    const latin = Buffer.from('{"name":"caf\xe9"}', 'latin1').toString('base64');
    const event = { ...eventOf('POST', '/datasource'), body: latin, isBase64Encoded: true };
    const { statusCode, body } = await api.handlers.api(event);
    expect([statusCode, body]).toEqual([400, expect.stringContaining('not UTF-8')]);
  });

  test('given __proto__ deep inside, nothing is polluted', async () => {
    const api = createApi();
    const body =
      '{"name":"x","assets":{"icons":{"__proto__":"polluted"}},"config":{"__proto__":{"bucket":"polluted"}}}';
    const { status } = await api.call('POST', '/connector', { body });
    expect(status).toBe(400);
    expect(Reflect.get({}, 'bucket')).toBeUndefined();
  });

  test.each([
    ['at the top', '{"name":"one","name":"two"}'],
    ['spelt by an escape', '{"name":"one","n\\u0061me":"two"}'],
    ['far inside', '{"name":"x","assets":{"icons":{"a":"1","b":"2","a":"3"}}}'],
  ])('given a field twice %s, it is 400 and tells the place, and nothing is stored', async (_where, body) => {
    const api = createApi();
    const { status, json } = await api.call('POST', '/connector', { body });
    expect([status, json.error.reason]).toEqual([
      400,
      expect.stringMatching(/line 1, column \d+: this field is given twice/),
    ]);
    expect((await api.call('GET', '/connector/1')).status).toBe(404);
  });

  test('given a changed endpoint without the secret, PUT is 400 and asks for it', async () => {
    const api = createApi();
    await api.call('POST', '/datasource', { body: datasourceBody({ id: 'd' }) });
    const body = { connector: { config: { endpoint: 'elsewhere.test' } } };
    const { status, json } = await api.call('PUT', '/datasource/d', { body });
    expect([status, json.error.code]).toEqual([400, 'secret_required']);
    expect(json.error.reason).toContain('changing endpoint needs secret_access_key again');
  });

  test('given an id that is taken, it is 409', async () => {
    const api = createApi();
    const body = datasourceBody({ id: 'd' });
    await api.call('POST', '/datasource', { body });
    const { status, json } = await api.call('POST', '/datasource', { body });
    expect([status, json.error.code]).toEqual([409, 'conflict']);
  });

  test('given a body where none is taken, unknown fields are refused', async () => {
    const api = createApi();
    await api.call('POST', '/datasource', { body: datasourceBody({ id: 'd' }) });
    const { status } = await api.call('POST', '/datasource/d/_sync', { body: { dry_run: true } });
    expect([status, api.messages]).toEqual([400, []]);
  });
});

describe('URLs', () => {
  test.each([
    ['GET', `/datasource/${'x'.repeat(10_240)}`, 400, /the id in the path must be 1–64/],
    ['GET', '/datasource/_nothing', 400, /must be 1–64/],
    ['GET', '/datasource/a%2Fb', 400, /must be 1–64/],
    ['GET', '/datasource/a%zz', 400, /an escape that is not UTF-8/],
    ['GET', '/datasource/%FF', 400, /an escape that is not UTF-8/],
    ['GET', '/datasource/x%00', 400, /must be 1–64/],
    ['GET', `/document/${'x'.repeat(1501)}`, 400, /at most 1,500/],
    ['GET', '/datasource/d/_runs/UPPER', 400, /the id of a run/],
    ['GET', `/connector/s3?${'x'.repeat(20_000)}`, 400, /longer than 16,384/],
    ['PUT', '/connector/s3?replace=yes', 400, /replace: must be true or false/],
    ['PUT', '/connector/s3?replace=true&replace=true', 400, /given more than once/],
    ['PUT', '/connector/s3?replcae=true', 400, /replcae: is not known; known are replace/],
    ['GET', '/connector/s3?x=1', 400, /takes no query parameters/],
    ['GET', '/connector/_search?__proto__=1', 400, /__proto__: is not known/],
    ['GET', '/connector/_search?query=%ff', 400, /an escape that is not UTF-8/],
    ['GET', '/connector/_search?size=10001', 400, /size/],
    ['GET', '/connector/_search?from=1&from=2', 400, /given more than once/],
    ['GET', '/datasource/d/_preview?keys=0', 400, /whole number from 1 to 10,000/],
    ['GET', '/datasource/d/_preview?keys=10001', 400, /whole number from 1 to 10,000/],
    ['GET', '/datasource/d/_preview?keys=1e3', 400, /whole number/],
    ['GET', '/datasource/d/_runs?size=101', 400, /whole number from 1 to 100/],
    ['GET', '/datasource/d/_runs?before=!', 400, /before must be the next/],
    ['GET', '/nothing', 404, /there is no route GET \/nothing/],
    ['GET', '/', 404, /there is no route/],
    ['GET', '//connector/s3', 404, /there is no route/],
    ['GET', '/connector/s3/x', 404, /there is no route/],
    ['GET', '/connector/', 405, /this path takes POST/],
    ['PATCH', '/connector/s3', 405, /this path takes GET, PUT, DELETE/],
    ['DELETE', '/connector/_search', 405, /this path takes GET, POST/],
    ['POST', '/datasource/d/_schedule', 405, /this path takes GET/],
  ])('given %s %s, the answer is %i with the reason', async (method, path, status, reason) => {
    const api = createApi();
    const answer = await api.call(method, path, { body: '{"name":"x"}' });
    expect([answer.status, answer.json.status, answer.json.request_id]).toEqual([status, status, 'request-1']);
    expect(answer.json.error.reason).toMatch(reason);
    expect(answer.text.length).toBeLessThan(1000);
    expect(answer.headers.allow !== undefined).toBe(status === 405);
  });

  test('given an id over-escaped by its client, it is read', async () => {
    expect((await createApi().call('GET', '/connector/%73%33')).status).toBe(200);
  });

  test('given a parameter in the URL and in the body, it is 400', async () => {
    const { status } = await createApi().call('POST', '/datasource/_search?size=1', { body: { size: 2 } });
    expect(status).toBe(400);
  });

  test.each([
    [{ query: { match_all: {} } }, /query: must be a text/],
    [{ agg: {} }, /agg: is not a known field/],
    [{ filter: [1] }, /filter/],
  ])('given the search body %j, it is 400', async (body, reason) => {
    const { status, json } = await createApi().call('POST', '/document/_search', { body });
    expect(status).toBe(400);
    expect(json.error.reason).toMatch(reason);
  });
});
