import { beforeEach, describe, expect, test } from 'vitest';
import { keeperItem, keptDocumentId, keptItem } from '#core/jobs/kept-document.ts';
import { readNumberedConnector } from '#core/registry/connector-store.ts';
import { type Api, createApi, listed } from '../api-fixture.ts';
import { connectorBody, createStrictClient } from './strict-client.ts';

let api: Api;
let client: ReturnType<typeof createStrictClient>;
beforeEach(async () => {
  api = createApi();
  client = createStrictClient(api);
  await client.data('POST', '/v1/connectors', 201, connectorBody());
});

/** An object last modified at a second of the hour. */
function object(key: string, second: number) {
  return { ...listed(key), lastModified: new Date(Date.UTC(2026, 0, 2, 3, 0, second)).toISOString() };
}

async function processKeys(keys: readonly string[]): Promise<void> {
  await client.data('POST', '/v1/data-process/async', 202, { source: { connector_id: 1, keys } });
  await api.work();
}

async function catalogue(prefix: string): Promise<void> {
  await client.data('POST', '/v1/connectors/1/schedules', 201, { interval: '6h', prefix_filter: prefix });
  const schedules = await client.data('GET', '/v1/scheduler/schedules', 200);
  await client.data('POST', `/v1/scheduler/schedules/${schedules.at(-1).id}/trigger`, 202);
  await api.work();
}

type Items = readonly { readonly storage_path: string }[];
const keysOf = (items: Items) => items.map(({ storage_path: path }) => path.replace('s3://my-documents/', ''));

/** Everything, page by page and by cursor: both ways must tell each document once, with the same total. */
async function readBothWays(size: number): Promise<string[]> {
  const byPage: string[] = [];
  const { total } = await client.data('GET', `/v1/documents?page_size=${size}`, 200);
  for (let page = 1; page <= Math.ceil(total / size) + 1; page += 1) {
    const answer = await client.data('GET', `/v1/documents?page=${page}&page_size=${size}`, 200);
    expect([answer.total, answer.page, answer.order]).toEqual([total, page, 'newest']);
    byPage.push(...keysOf(answer.items));
  }
  const byCursor: string[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const answer = await client.data('GET', `/v1/documents?page_size=${size}${query}`, 200);
    byCursor.push(...keysOf(answer.items));
    cursor = answer.next_cursor;
  }
  expect([byCursor, byPage.length]).toEqual([byPage, total]);
  return byPage;
}

describe('the list of documents', () => {
  test('given objects of several ages, of a schedule and of jobs alone, the newest come first in pages of any size', async () => {
    api.objects.splice(0);
    const ages = [5, 3, 9, 1, 7, 2, 8, 4, 6, 0];
    api.objects.push(...ages.map((age, n) => object(`${n < 5 ? 'in' : 'out'}/${age}`, age)));
    api.objects.sort((one, other) => (one.key < other.key ? -1 : 1));
    await catalogue('in/');
    await processKeys(ages.slice(5).map((age) => `out/${age}`));
    const expected = ages
      .toSorted((one, other) => other - one)
      .map((age) => api.objects.find(({ key }) => key.endsWith(`/${age}`))?.key);
    for (const size of [1, 2, 3, 4, 7, 10, 50]) expect([size, await readBothWays(size)]).toEqual([size, expected]);
  });

  test('given jobs alone, without a schedule, each ends with a document that can be listed and read', async () => {
    await processKeys(['a/1.pdf', 'missing.pdf', 'c.txt']);
    const { items, total, next_cursor: cursor } = await client.data('GET', '/v1/documents', 200);
    expect([total, cursor]).toEqual([2, undefined]);
    for (const document of items)
      expect(await client.data('GET', `/v1/documents/${document.id}`, 200)).toEqual(document);
    const job = await client.data('GET', '/v1/jobs/1', 200);
    expect(await client.data('GET', `/v1/documents/${job.document_id}`, 200)).toEqual({
      ...{ id: job.document_id, filename: '1.pdf', file_ext: 'pdf', status: 'available' },
      ...{ storage_path: 's3://my-documents/a/1.pdf', created_at: '2026-01-02T03:04:05.000Z', processing_count: 1 },
    });
  });

  test('given a schedule that catalogues them later, each is there once, under both ids', async () => {
    await processKeys(['a/1.pdf', 'c.txt']);
    await catalogue('a/');
    const { items, total } = await client.data('GET', '/v1/documents', 200);
    expect([total, keysOf(items).toSorted()]).toEqual([3, ['a/1.pdf', 'a/b/2.pdf', 'c.txt']]);
    const before = await client.data('GET', `/v1/documents/${keptDocumentId(1, 'a/1.pdf')}`, 200);
    expect(items).toContainEqual(before);
    expect(before.id).not.toBe(keptDocumentId(1, 'a/1.pdf'));
  });

  test('given the connector is deleted, its documents are gone', async () => {
    await processKeys(['c.txt']);
    await client.data('DELETE', '/v1/connectors/1', 204);
    expect(await client.data('GET', '/v1/documents', 200)).toMatchObject({ items: [], total: 0 });
    const { code } = await client.refused('GET', `/v1/documents/${keptDocumentId(1, 'c.txt')}`, 404);
    expect(code).toBe('DOCUMENT_NOT_FOUND');
  });

  test('given documents of jobs, Coco’s searches and deletes know nothing of them', async () => {
    await processKeys(['c.txt']);
    expect((await api.call('GET', '/document/_search')).json.hits.total.value).toBe(0);
    expect((await api.call('DELETE', `/document/${keptDocumentId(1, 'c.txt')}`)).status).toBe(404);
    expect((await client.data('GET', '/v1/documents', 200)).total).toBe(1);
  });
});

describe('more documents than can be sorted', () => {
  const keptKeys = (from: number, to: number) =>
    Array.from({ length: to - from }, (_each, n) => `k${String(from + n).padStart(6, '0')}`);

  /** Puts so many documents under the connector as jobs would. */
  async function keep(count: number): Promise<void> {
    const connector = await readNumberedConnector(api.table, 1);
    if (connector === undefined) throw new Error('there is no connector');
    const row = {
      v: 1,
      version: 1,
      target: 'gone',
      bucket: 'my-documents',
      size: 1,
      etag: 'e',
      processing_count: 1,
    } as const;
    const times = { last_modified: '2026-01-01T00:00:00.000Z', details: { gathered_at: '2026-01-01T00:00:00.000Z' } };
    const puts = Array.from({ length: count }, (_each, n) => ({
      put: keptItem(connector.owner, {
        ...row,
        ...times,
        sk: `k${String(n).padStart(6, '0')}`,
        storage_class: 'STANDARD',
      }),
    }));
    await api.table.batchWrite([{ put: keeperItem(connector.owner, connector.id) }, ...puts]);
  }

  test('given 10,000, they are sorted; given one more, they come by key, the schedules’ first, and the answer says so', async () => {
    await catalogue('');
    await keep(9_997);
    expect(await client.data('GET', '/v1/documents?page_size=2', 200)).toMatchObject({
      total: 10_000,
      order: 'newest',
    });
    const { next_cursor: newest } = await client.data('GET', '/v1/documents?page_size=2', 200);
    await keep(9_998);
    const first = await client.data('GET', '/v1/documents?page_size=2', 200);
    expect(first).toMatchObject({ total: 10_001, order: 'key' });
    expect(keysOf(first.items)).toEqual(['a/1.pdf', 'a/b/2.pdf']);
    const page = await client.data('GET', '/v1/documents?page=2&page_size=2', 200);
    expect(keysOf(page.items)).toEqual(['c.txt', 'k000000']);
    const third = await client.data('GET', '/v1/documents?page=3&page_size=2', 200);
    expect(keysOf(third.items)).toEqual(['k000001', 'k000002']);
    expect(keysOf((await client.data('GET', '/v1/documents?page=50&page_size=200', 200)).items)).toHaveLength(200);
    const refusal = await client.refused('GET', `/v1/documents?cursor=${newest}`, 422);
    expect(refusal.message).toMatch(/begin anew/);
  });

  test.each([200, 3])('given pages of %i by cursor, each document is told once, in order', async (size) => {
    await catalogue('');
    await keep(10_001);
    const told: string[] = [];
    const read = async (cursor: string | undefined): Promise<string | undefined> => {
      const query = cursor === undefined ? '' : `&cursor=${cursor}`;
      const answer = await client.data('GET', `/v1/documents?page_size=${size}${query}`, 200);
      // More than are counted while somebody waits
      expect([answer.total, answer.total_relation]).toEqual([10_003, 'gte']);
      told.push(...keysOf(answer.items));
      return answer.next_cursor;
    };
    const second = await read(await read(undefined));
    expect(told).toEqual(['a/1.pdf', 'a/b/2.pdf', 'c.txt', ...keptKeys(0, 2 * size - 3)]);
    expect(second).toBe(`kept.${keptDocumentId(1, told.at(-1) ?? '')}`);
    told.splice(0);
    const last = await read(`kept.${keptDocumentId(1, 'k009996')}`);
    expect([await (last && read(last)), told]).toEqual([undefined, keptKeys(9_997, 10_001)]);
  });

  test.each([
    'newest.',
    'newest.x',
    'newest.10001',
    'newest.-1',
    'kept.x',
    'kept._1.',
    'kept._1.eA=',
    'x.y',
    'a b',
    '.',
  ])('given the cursor %s, which was never given, it is 422', async (cursor) => {
    const { code } = await client.refused('GET', `/v1/documents?cursor=${encodeURIComponent(cursor)}`, 422);
    expect(code).toBe('VALIDATION_ERROR');
  });
});

describe('a document that is to be processed again', () => {
  const post = (id: string, headers = {}) => api.call('POST', `/v1/documents/${id}/reprocess`, { headers });

  test('given one of a schedule or of a job, it is 400 REPROCESS_NOT_SUPPORTED and says what to do', async () => {
    await processKeys(['c.txt']);
    await catalogue('a/');
    for (const { id } of (await client.data('GET', '/v1/documents', 200)).items) {
      const { status, json } = await post(id);
      expect([status, json]).toEqual([
        400,
        {
          ...{ status: 'error', data: null },
          error: { code: 'REPROCESS_NOT_SUPPORTED', message: expect.stringContaining('/v1/data-process/async') },
        },
      ]);
    }
    expect((await client.data('GET', '/v1/jobs', 200)).total).toBe(1);
  });

  test('given one that is not there, as every number is, it is 404 DOCUMENT_NOT_FOUND', async () => {
    for (const id of ['7', keptDocumentId(1, 'x'), keptDocumentId(99, 'c.txt'), 'x.y']) {
      const { status, json } = await post(id);
      expect([id, status, json.error.code]).toEqual([id, 404, 'DOCUMENT_NOT_FOUND']);
    }
  });
});

test('given FlexOrch’s MCP client, what is missing has the codes that it knows; others are told as the contract says', async () => {
  const codeFor = async (path: string, agent: string) =>
    (await api.call('GET', path, { headers: { 'user-agent': agent } })).json.error.code;
  for (const [path, code] of [
    ['/v1/jobs/9', 'NOT_FOUND'],
    ['/v1/connectors/9', 'NOT_FOUND'],
    ['/v1/executions/9', 'NOT_FOUND'],
    ['/v1/documents/9', 'DOCUMENT_NOT_FOUND'],
  ] as const) {
    expect([path, await codeFor(path, 'flexorch-mcp/0.1.0')]).toEqual([path, code]);
  }
  for (const agent of ['flexorch-sdk-python/0.3.0', '', 'x flexorch-mcp/1']) {
    expect(await codeFor('/v1/jobs/9', agent)).toBe('JOB_NOT_FOUND');
  }
});
