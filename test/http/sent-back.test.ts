import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as z from 'zod';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { documentId } from '#core/catalogue/document-id.ts';
import { documentPatch } from '#core/documents/annotate-document.ts';
import { connectorInput } from '#core/registry/connector.ts';
import { datasourceInput } from '#core/registry/datasource.ts';
import { readDatasource, updateDatasource } from '#core/registry/datasource-store.ts';
import { newConnector } from '#http/flexorch/connector-face.ts';
import { newSchedule } from '#http/flexorch/schedule-input.ts';
import { countWrites } from '#support/counting-table.ts';
import { bodyOf, leavesOf, pathsIn } from '#support/generated-body.ts';
import { somebody } from '#support/somebody.ts';
import { type Api, createApi, datasourceBody } from './api-fixture.ts';
import { connectorBody } from './flexorch/strict-client.ts';
import { fitSchedule, knowledge } from './valid-bodies.ts';

const table = countWrites(openSqliteTable(':memory:'));
let api: Api;
/** Every field of every schema that was in a body which was taken. */
const taken = new Map<string, Set<string>>();

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
/** So many that a field of one body in sixteen is missed in one run of two thousand. */
const assertAll = { numRuns: 120, seed } as const;

beforeAll(async () => {
  console.info(`seed ${seed}; again with SEED=${seed} npx vitest run test/http/sent-back.test.ts`);
  api = createApi({ deps: { table } });
  await api.call('POST', '/v1/connectors', { body: connectorBody({}, { prefix: 'a/' }) });
});

function note(what: string, body: unknown): void {
  const paths = taken.get(what) ?? new Set();
  for (const path of pathsIn(body)) paths.add(path);
  taken.set(what, paths);
}

/** Sends a state back where it came from: 200, the tag as before, and nothing written. */
async function sendBack(method: string, path: string, read: string, state: unknown): Promise<void> {
  const before = await api.call('GET', read);
  table.reset();
  const answer = await api.call(method, path, { body: state });
  expect([method, path, answer.status, answer.text]).toEqual([method, path, 200, expect.anything()]);
  expect(answer.headers.etag).toBe(before.headers.etag);
  expect([method, path, state, table.writes]).toEqual([method, path, state, 0]);
}

/** What a search shows of a row. */
async function found(index: string, id: string): Promise<unknown> {
  const { json } = await api.call('POST', `/${index}/_search`, { body: { filter: `id:${id}` } });
  return json.hits.hits.find((hit: { _id: string }) => hit._id === id)._source;
}

async function createdId(path: string, body: unknown): Promise<string | undefined> {
  const { status, json, text } = await api.call('POST', path, { body });
  expect([status, text]).toEqual([expect.toBeOneOf([200, 409]), text]);
  return status === 200 ? json._id : undefined;
}

/** What happens to a row without a client: runs, a release that knew less, a change in the AWS console. */
const lives: Readonly<Record<string, (id: string) => Promise<void>>> = {
  none: async () => undefined,
  run: async (id) => {
    await api.call('POST', `/datasource/${id}/_sync`);
    await api.work();
  },
  'version 0.1': async (id) => {
    const { row, sync } = await standing(id);
    const { changed_at: _changedAt, ...before } = sync;
    await updateDatasource({ ...somebody, table }, row, { ...row, sync: before });
  },
  console: async (id) => {
    const { row, sync } = await standing(id);
    const { interval: _interval, cron: _cron, ...rest } = sync;
    const policy = {
      ...rest,
      strategy: 'cron',
      expression: 'cron(0 6 L * ? *)',
      timezone: 'UTC',
      changed_by: 'console',
    };
    await updateDatasource({ ...somebody, table }, row, { ...row, sync: policy as typeof sync });
  },
};

async function standing(id: string) {
  const row = await readDatasource(table, id);
  if (row === undefined) throw new Error(`there is no datasource ${id}`);
  return { row, sync: row.sync };
}

const life = fc.constantFrom(...Object.keys(lives));

describe('what GET and POST show, sent back as it is, changes nothing', () => {
  test('given any connector', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(bodyOf(connectorInput, knowledge), async (body) => {
        const id = await createdId('/connector', body);
        if (id === undefined) return;
        note('connector', body);
        const path = `/connector/${id}`;
        const { _source: shown } = (await api.call('GET', path)).json;
        for (const state of [shown, await found('connector', id)]) {
          await sendBack('PUT', path, path, state);
          await sendBack('PUT', `${path}?replace=true`, path, state);
        }
      }),
      assertAll,
    );
    const { _source: builtin } = (await api.call('GET', '/connector/s3')).json;
    await sendBack('PUT', '/connector/s3', '/connector/s3', builtin);
  });

  test('given any datasource, whatever became of it', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(bodyOf(datasourceInput, knowledge), life, async (body, lived) => {
        const id = await createdId('/datasource', body);
        if (id === undefined) return;
        note('datasource', body);
        await lives[lived]?.(id);
        const path = `/datasource/${id}`;
        const { _source: shown } = (await api.call('GET', path)).json;
        for (const state of [shown, await found('datasource', id)]) {
          await sendBack('PUT', path, path, state);
          await sendBack('PUT', `${path}?replace=true`, path, state);
        }
      }),
      assertAll,
    );
  });

  test('given any schedule of /v1, whatever became of it, on both of its paths', { timeout: 120_000 }, async () => {
    const bodies = bodyOf(newSchedule, {
      ...knowledge,
      mends: { ...knowledge.mends, '': fitSchedule },
      words: { ...knowledge.words, connector_id: fc.constantFrom(1, '1') },
    });
    await fc.assert(
      fc.asyncProperty(bodies, life, fc.boolean(), async (body, lived, off) => {
        const { status, json, text } = await api.call('POST', '/v1/connectors/1/schedules', { body });
        expect([status, text]).toEqual([201, text]);
        note('schedule', body);
        const id = String(json.data.id);
        const flat = `/v1/scheduler/schedules/${id}`;
        const nested = `/v1/connectors/1/schedules/${id}`;
        await sendBack('PATCH', flat, flat, json.data);
        if (off) await api.call('PUT', `/datasource/${id}`, { body: { enabled: false } });
        await lives[lived]?.(id);
        const listed = (await api.call('GET', '/v1/scheduler/schedules')).json.data;
        const states = [
          (await api.call('GET', nested)).json.data,
          listed.find((each: { id: number }) => each.id === json.data.id),
        ];
        for (const state of states) for (const path of [flat, nested]) await sendBack('PATCH', path, flat, state);
        const source = (await api.call('GET', `/datasource/${id}`)).json._source;
        await sendBack('PUT', `/datasource/${id}`, flat, source);
      }),
      assertAll,
    );
  });

  test('given any connector of /v1, as the other dialect shows it', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(bodyOf(newConnector, knowledge), async (body) => {
        const { status, json, text } = await api.call('POST', '/v1/connectors', { body });
        expect([status, text]).toEqual([201, text]);
        note('v1 connector', body);
        const path = `/connector/${json.data.id}`;
        await sendBack('PUT', path, `/v1/connectors/${json.data.id}`, (await api.call('GET', path)).json._source);
      }),
      assertAll,
    );
  });

  test('given any document', { timeout: 120_000 }, async () => {
    await api.call('POST', '/datasource/', { body: datasourceBody({ id: 'ds' }, { extensions: [] }) });
    await lives.run?.('ds');
    const id = documentId('ds', 'c.txt');
    const path = `/document/${id}`;
    await fc.assert(
      fc.asyncProperty(bodyOf(documentPatch, knowledge), async (body) => {
        expect((await api.call('PUT', path, { body })).status).toBe(200);
        note('document', body);
        await sendBack('PUT', path, path, (await api.call('GET', path)).json._source);
        const { hits } = (await api.call('GET', '/document/_search?view=list&datasource=ds')).json.hits;
        await sendBack('PUT', path, path, hits.find((hit: { _id: string }) => hit._id === id)._source);
      }),
      assertAll,
    );
  });
});

const schemas: readonly (readonly [string, z.ZodType])[] = [
  ['connector', connectorInput],
  ['datasource', datasourceInput],
  ['schedule', newSchedule],
  ['v1 connector', newConnector],
  ['document', documentPatch],
];

afterAll(() => {
  // A field that nobody sent was not tested: it needs words in valid-bodies.ts.
  for (const [what, schema] of schemas) {
    const missing = leavesOf(schema).filter((path) => taken.has(what) && !taken.get(what)?.has(path));
    expect([what, missing]).toEqual([what, []]);
  }
});
