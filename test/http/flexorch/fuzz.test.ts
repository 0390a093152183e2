import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { routes } from '#http/routes.ts';
import type { Route } from '#http/table/route.ts';
import { countWrites } from '#support/counting-table.ts';
import { type Answer, type Api, createApi } from '../api-fixture.ts';
import { connectorBody } from './strict-client.ts';

const underV1 = routes.filter(({ path }) => path.startsWith('/v1/'));
const nameOf = ({ method, path }: Pick<Route, 'method' | 'path'>): string => `${method} ${path}`;

const hook = { url: 'https://hooks.example.com/stocktake', events: ['job.failed'], secret: 'a-secret-of-mine' };

/** What the routes take, to be spoilt in one place or more. */
const good: Readonly<Record<string, object>> = {
  '/v1/connectors': connectorBody({ name: 'fuzzed' }, { prefix: 'a/', endpoint: 'host.test', use_ssl: true }),
  '/v1/connectors/{connector}/schedules': { cron_expression: '0 6 * * *', prefix_filter: 'a/', timezone: 'Asia/Tokyo' },
  '/v1/connectors/{connector}/schedules/{schedule}': { name: 'x', is_active: true, prefix_filter: null },
  '/v1/scheduler/schedules': { connector_id: 1, interval: '12h', prefix: 'a/', enabled: false },
  '/v1/scheduler/schedules/{schedule}': { cron: '0 6 * * *', connector_id: '1', interval: null },
  '/v1/data-process/async': {
    source: { connector_id: 1, keys: ['a/1.pdf', 'b'] },
    locale: 'en',
    pipeline_config: { processor: [{ s3_head: {} }, { s3_tags: {} }] },
  },
  '/v1/webhooks': { url: 'https://hooks.example.com/other', events: ['job.failed', 'sync.failed'], secret: 'a secret' },
};

const oddTexts = ['', ' ', '\u0000', '\ud800', '__proto__', '../..', '%00', '1e3', '-1', 'x'.repeat(3000), '😀'];
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 1e308, 2 ** 53, [], {}, [[]], { __proto__: null, toString: 1 }),
  fc.constantFrom(...oddTexts),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.jsonValue({ maxDepth: 3 }),
);

type Place = { readonly holder: Record<string, unknown>; readonly name: string };

/** Every field of a value, at any depth. */
function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((name) => [{ holder, name }, ...placesIn(holder[name])]);
}

/** A good body with some of its fields replaced, removed or added to. */
const spoilt = fc
  .tuple(
    fc.constantFrom({}, ...Object.values(good)),
    fc.array(fc.tuple(fc.nat(), junk, fc.constantFrom('set', 'drop', 'add')), { maxLength: 3 }),
  )
  .map(([body, changes]) => {
    const copy: Record<string, unknown> = structuredClone(body) as Record<string, unknown>;
    for (const [at, value, how] of changes) {
      const places = placesIn(copy);
      const place = places[at % Math.max(1, places.length)];
      if (how === 'add' || place === undefined) copy[oddTexts[at % oddTexts.length] ?? 'x'] = value;
      else if (how === 'drop') delete place.holder[place.name];
      else place.holder[place.name] = value;
    }
    return copy;
  });

const form = 'multipart/form-data; boundary=x';
const inForm = spoilt.map((body) => {
  const parts = Object.entries(body).map(
    ([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${JSON.stringify(value)}\r\n`,
  );
  return `${parts.join('')}--x--\r\n`;
});
const cut = fc.tuple(spoilt, fc.double({ min: 0, max: 1, noNaN: true })).map(([body, share]) => {
  const text = JSON.stringify(body);
  return text.slice(0, Math.floor(text.length * share));
});
const bodies = fc.oneof(
  { weight: 6, arbitrary: spoilt as fc.Arbitrary<unknown> },
  { weight: 1, arbitrary: cut },
  { weight: 1, arbitrary: inForm },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  { weight: 1, arbitrary: fc.constantFrom(undefined, '[]', 'null', '"x"', '{"a":1}{"b":2}', '['.repeat(5000)) },
);

const ids = ['0', '-1', '1.5', '9007199254740992', '9007199254740991', 'abc', '%00', '%FF', '%zz', '2', '1%2F1', '1;x'];
const id = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('1', '1.YQ') },
  { weight: 2, arbitrary: fc.constantFrom(...ids) },
  {
    weight: 1,
    arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).map((text) => text.replace(/[/?]/g, '')),
  },
);
const query = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  {
    weight: 3,
    arbitrary: fc
      .array(
        fc.tuple(
          fc.constantFrom('page', 'page_size', 'limit', 'cursor', 'colour', '__proto__'),
          fc.constantFrom('1', '0', '-1', 'abc', '99999', '1e2', '%ff', '%00', '', '1.5', '999999999999999999999'),
        ),
        { maxLength: 3 },
      )
      .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&')),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }).map((text) => text.replaceAll('?', '')) },
);
const contentType = fc.constantFrom(
  'application/json',
  'application/json',
  'application/json',
  'text/plain',
  form,
  'multipart/form-data',
  'multipart/mixed; boundary=x',
  '',
);
const idempotencyKey = fc.constantFrom(undefined, undefined, 'k', 'other', ' ', 'x'.repeat(300));

/** Bodies more often go where they are read, and routes that change things are asked more often. */
const asked = fc.record({
  route: fc.constantFrom(...[...underV1, ...underV1.filter(({ request }) => request !== undefined)].map(nameOf)),
  id,
  other: id,
  query: fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 1, arbitrary: query }),
  body: bodies,
  fitting: fc.boolean(),
  contentType,
  idempotencyKey,
});
type Asked = typeof asked extends fc.Arbitrary<infer One> ? One : never;

async function prepare() {
  const table = countWrites(openSqliteTable(':memory:'));
  const api = createApi({ deps: { table } });
  await api.call('POST', '/v1/connectors', { body: connectorBody() });
  await api.call('POST', '/v1/connectors/1/schedules', { body: { interval: '6h' } });
  await api.call('POST', '/v1/webhooks', { body: hook });
  await api.call('POST', '/v1/data-process/async', { body: { source: { connector_id: 1, keys: ['a/1.pdf'] } } });
  return { api, table };
}

function send(api: Api, one: Asked): Promise<Answer> {
  const [method = '', pattern = ''] = one.route.split(' ');
  const { idempotencyKey: key } = one;
  const given = [one.id, one.other];
  const path = pattern.replace(/\{\w+\}/g, () => given.shift() ?? '1');
  const headers = { 'content-type': one.contentType, ...(key === undefined ? {} : { 'idempotency-key': key }) };
  const body = one.fitting ? good[pattern] : one.body;
  return api.call(method, one.query === '' ? path : `${path}?${one.query}`, { body, headers });
}

/** Every answer keeps to the contract's envelope; a refusal says in words what to change. */
function judge({ status, json, text, headers }: Answer): void {
  expect([200, 201, 202, 204, 404, 405, 409, 413, 415, 422]).toContain(status);
  if (status === 204) return void expect(text).toBe('');
  expect(headers['content-type']).toMatch(/^application\/json\b/);
  expect(Object.keys(json).slice(0, 3)).toEqual(['status', 'data', 'error']);
  if (status < 300)
    return void expect([json.status, json.error]).toEqual([status === 202 ? 'accepted' : 'success', null]);
  const code = expect.stringMatching(/^[A-Z_]+$/);
  expect(json).toMatchObject({
    status: 'error',
    data: null,
    error: { code, message: expect.stringMatching(/\w{2,} \w/) },
  });
  // The words of the library that reads bodies tell nobody what to change
  expect(json.error.message).not.toMatch(
    /expected (string|number|int|array|object|record|boolean|one)|Invalid|Too (big|small)|Unrecognized/,
  );
  expect(text.length).toBeLessThan(4000);
}

test('given any requests to any route of /v1, none is a 5xx, and what is refused writes nothing', async () => {
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(fc.array(asked, { minLength: 1, maxLength: 8 }), async (session) => {
      const { api, table } = await prepare();
      for (const one of session) {
        table.reset();
        const sent = [api.messages.length, api.jobMessages.length];
        const answer = await send(api, one);
        judge(answer);
        seen.add(answer.status);
        if (answer.status >= 400) {
          expect([table.writes, api.messages.length, api.jobMessages.length]).toEqual([0, ...sent]);
        }
      }
      await api.work();
      expect(api.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
    }),
    { numRuns: 500 },
  );
  expect([...seen]).toEqual(expect.arrayContaining([200, 201, 202, 204, 404, 415, 422]));
}, 120_000);
