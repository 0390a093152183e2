import fc from 'fast-check';
import { expect, it } from 'vitest';
import { documentId } from '#core/catalogue/document-id.ts';
import { routes } from '#http/routes.ts';
import { type Api, createApi, datasourceBody, secret } from './api-fixture.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('', 's3', 'ds', '..', '%', '%00', '%ff', '__proto__', 'null', '-1', '1e400', '["a"', '["a",1]'),
  fc.constantFrom(
    'size:asc',
    'size>=x',
    'any(',
    'f:any(a,,b)',
    '-exists(f)',
    'eyJhdCI6bnVsbH0',
    '0',
    '10000',
    '5m',
    '9',
  ),
);

const parameter = fc.oneof(
  fc.constantFrom('query', 'from', 'size', 'sort', 'filter', 'datasource', 'path', 'view', 'prefix', 'extension'),
  fc.constantFrom('cursor', 'category', 'replace', 'keys', 'limit', 'nonsense'),
);
const field = fc.constantFrom(
  ...['name', 'type', 'connector', 'config', 'sync', 'enabled', 'processor', 'id', 'enrichment_pipeline', 'webhook'],
  ...[
    'interval',
    'cron',
    'timezone',
    'page_size',
    'bucket',
    'endpoint',
    'include',
    'extensions',
    'size',
    'filter',
    'query',
  ],
);
const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 4 }, fc.jsonValue({ maxDepth: 1 }), text, fc.dictionary(field, tie('any'), { maxKeys: 4 })),
})).any;
const body = fc.oneof(
  text,
  value,
  // What would be right, but for one field.
  fc.tuple(field, value).map(([name, wrong]) => datasourceBody({ id: 'ds', [name]: wrong })),
  fc.tuple(field, value).map(([name, wrong]) => datasourceBody({}, { [name]: wrong })),
);

/** Paths of every route of the dialect, with what exists and what cannot be in their places. */
const request = fc.constantFrom(...routes.filter(({ path }) => !path.startsWith('/v1'))).chain((route) =>
  fc.record({
    method: fc.constant(route.method),
    parts: fc.array(fc.oneof(fc.constantFrom('s3', 'ds', documentId('ds', 'c.txt')), text.map(encoded)), {
      minLength: 3,
      maxLength: 3,
    }),
    path: fc.constant(route.path),
    slash: fc.boolean(),
    query: fc.array(fc.tuple(parameter, text), { maxLength: 4 }),
    body: fc.option(body, { nil: undefined }),
    type: fc.option(fc.constantFrom('application/json', 'text/plain', 'multipart/form-data; boundary=x', '\u00ff')),
    base64: fc.boolean(),
  }),
);
type Asked = typeof request extends fc.Arbitrary<infer T> ? T : never;

/** Lone surrogates cannot be in a path. */
function encoded(part: string): string {
  return part.startsWith('%') ? part : encodeURIComponent(part.toWellFormed());
}

const send = (api: Api, asked: Asked) => {
  const [first = '', ...others] = asked.parts;
  const places = [first, ...others];
  const path = asked.path.replace(/\{\w+\}/g, () => places.shift() ?? '') + (asked.slash ? '/' : '');
  const query = asked.query.map(([name, is]) => `${name}=${encoded(is)}`).join('&');
  const headers: Record<string, string> = asked.type === null ? {} : { 'content-type': asked.type };
  return api.call(asked.method, `${path}?${query}`, { body: asked.body, headers, base64: asked.base64 });
};

it('answers whatever is asked, without an error of its own', async () => {
  const statuses = new Set<number>();
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 4, maxLength: 12 }), async (asked) => {
      // Given a datasource that has been synced
      const api = createApi();
      await api.call('POST', '/datasource/', { body: datasourceBody({ id: 'ds' }, { extensions: [] }) });
      await api.call('POST', '/datasource/ds/_sync');
      await api.work();

      for (const one of asked) {
        // When it is asked anything
        const { status, text: answer } = await send(api, one);

        // Then there is an answer, the fault is never its own, and no secret is in it
        expect([status, answer]).toEqual([expect.toSatisfy((code: number) => code >= 200 && code < 500), answer]);
        expect(answer).not.toContain(secret);
        statuses.add(status);
      }
      await api.work();
    }),
    { numRuns: 150 },
  );
  // And it was not all turned away at the door
  expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 404]));
});
