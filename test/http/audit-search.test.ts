import { beforeEach, describe, expect, it } from 'vitest';
import { nameOfKey } from '#core/access/key-text.ts';
import { auditWrite } from '#core/audit/audit-write.ts';
import type { Table } from '#core/model/ports/table.ts';
import { createStaticApiKeys } from '#http/table/api-keys.ts';
import { collect } from '#support/collect.ts';
import { type Answer, type Api, type CallOptions, createApi, datasourceBody, secret } from './api-fixture.ts';

const keys = { read: 'read-key-0123456789', write: 'write-key-0123456789', manage: 'manage-key-0123456789' } as const;
const apiKeys = createStaticApiKeys(Object.entries(keys).map(([scope, key]) => ({ scope: scope as 'read', key })));
const day = 86_400_000;

let api: Api;
beforeEach(() => {
  api = createApi({ apiKeys });
});

function call(method: string, path: string, sent: CallOptions = {}, key: string = keys.manage): Promise<Answer> {
  return api.call(method, path, { ...sent, headers: { 'x-api-key': key, ...sent.headers } });
}

type Entry = Record<string, unknown> & { readonly id: string; readonly action: string; readonly kind: string };

/** What a search finds, page by page. */
async function find(query = '', size = 500): Promise<Entry[]> {
  const all: Entry[] = [];
  for (let cursor = ''; ; ) {
    const { status, json, text } = await call('GET', `/_audit?size=${size}${query}${cursor}`);
    expect([status, text]).toEqual([200, text]);
    expect(json.entries.length).toBeLessThanOrEqual(size);
    all.push(...json.entries);
    if (json.next_cursor === undefined) return all;
    cursor = `&cursor=${json.next_cursor}`;
  }
}

/** Entries as changes leave them, one at each of these moments. */
async function leave(...moments: readonly number[]): Promise<void> {
  const { table, ids } = api;
  for (const at of moments) {
    const deps = { clock: { now: () => at }, ids, actor: { kind: 'console' } } as const;
    await table.transact([auditWrite(deps, { action: 'updated', kind: 'datasource', id: `at-${at}` })]);
  }
}

describe('the audit', () => {
  it('tells of a key by its name, of its address, and of no more', async () => {
    await call('POST', '/datasource', { body: datasourceBody({ id: 'docs' }) }, keys.write);
    const [entry, ...more] = await find();
    expect(more).toEqual([]);
    expect(entry).toMatchObject({
      at: '2026-03-01T10:00:00.000Z',
      actor: { kind: 'key', id: nameOfKey(keys.write), address: '198.51.100.1' },
      ...{ action: 'created', kind: 'datasource', id: 'docs', number: 1 },
      after: { name: 'My S3 Documents', connector: { id: 's3', config: { bucket: 'your-bucket' } } },
      secrets: { secret_access_key: 'set' },
    });
    expect(JSON.stringify(entry)).not.toContain(secret);
    expect(JSON.stringify(entry)).not.toContain(keys.write);
  });

  it('is shown to managing keys alone', async () => {
    expect((await call('GET', '/_audit', {}, keys.read)).status).toBe(403);
    expect((await call('GET', '/_audit', {}, keys.write)).status).toBe(403);
    expect((await call('GET', '/_audit', {}, 'another-key-0123456789')).status).toBe(401);
    expect((await call('GET', '/_audit')).status).toBe(200);
  });

  it('comes newest first over months, page by page, and 400 days back', async () => {
    const { now } = api.time;
    const ages = [0, 1, day, 20 * day, 31 * day, 32 * day, 200 * day, 399 * day, 400 * day, 401 * day, 800 * day];
    await leave(...ages.map((age) => now - age).toReversed());
    const wanted = ages.filter((age) => age <= 400 * day).map((age) => `at-${now - age}`);
    for (const size of [1, 2, 3, 500]) expect((await find('', size)).map(({ id }) => id)).toEqual(wanted);
  });

  it('goes on behind an entry of a month that has no more', async () => {
    const march = Date.parse('2026-03-01T00:00:00Z');
    await leave(march - 1, march, march + 1);
    expect((await find('', 1)).map(({ id }) => id)).toEqual([march + 1, march, march - 1].map((at) => `at-${at}`));
  });

  it('is filtered by kind, id, actor and time', async () => {
    const { now } = api.time;
    await leave(now - 40 * day, now - 2 * day);
    await call('POST', '/connector', { body: { id: 'mine', name: 'mine' } }, keys.write);
    await call('POST', '/datasource', { body: datasourceBody({ id: 'mine' }) });
    const ids = async (query: string) => (await find(query)).map(({ kind, id }) => `${kind} ${id}`);
    const [old, older] = [`datasource at-${now - 2 * day}`, `datasource at-${now - 40 * day}`];
    expect(await ids('&kind=connector')).toEqual(['connector mine']);
    expect((await ids('&id=mine')).sort()).toEqual(['connector mine', 'datasource mine']);
    expect(await ids(`&actor=${nameOfKey(keys.write)}`)).toEqual(['connector mine']);
    expect(await ids('&actor=console')).toEqual([old, older]);
    expect(await ids('&to=2026-03-01&kind=datasource')).toEqual([old, older]);
    expect(await ids('&from=2026-02-01&to=2026-03-01T10:00:00Z')).toEqual([old]);
    expect(await ids(`&from=${new Date(now - 2 * day).toISOString()}&actor=console`)).toEqual([old]);
    expect(await ids('&to=2020-01-01')).toEqual([]);
    expect(await ids('&from=2030-01-01')).toEqual([]);
  });

  it.each([
    'size=0',
    'size=501',
    'kind=user',
    'id=',
    'from=yesterday',
    'from=2026-13-01',
    'from=2026-02-01&to=2026-01-01',
    'cursor=x',
    'cursor=%2500',
    'order=asc',
  ])('refuses %s', async (query) => {
    const { status, json } = await call('GET', `/_audit?${query}`);
    expect([status, json.error.code]).toEqual([400, 'invalid_request']);
  });

  it('looks at 5,000 entries for one page at most, and goes on from there', async () => {
    const read: number[] = [];
    const many = Array.from({ length: 11_000 }, (_, index) => api.time.now - index);
    const { table, clock, ids } = api;
    const deps = (at: number) => ({ clock: { now: () => at }, ids, actor: { kind: 'console' } }) as const;
    const puts = many.flatMap((at) => {
      const write = auditWrite(deps(at), { action: 'updated', kind: 'datasource', id: 'many' });
      return 'put' in write ? [{ put: write.put }] : [];
    });
    await table.batchWrite(puts);
    await leave(api.time.now - day);
    const counted: Table = { ...table, query: (query) => counting(table.query(query)) };
    async function* counting<Each>(all: AsyncIterable<Each>): AsyncIterable<Each> {
      for await (const each of all) {
        read[read.length - 1] = (read.at(-1) ?? 0) + 1;
        yield each;
      }
    }
    api = createApi({ apiKeys, deps: { table: counted, clock } });
    const found: string[] = [];
    for (let cursor = '', next: string | undefined = ''; next !== undefined; cursor = `&cursor=${next}`) {
      read.push(0);
      const { json } = await call('GET', `/_audit?id=at-${api.time.now - day}${cursor}`);
      found.push(...json.entries.map(({ id }: Entry) => id));
      next = json.next_cursor;
    }
    expect(found).toEqual([`at-${api.time.now - day}`]);
    expect(read.map((count) => count <= 5001)).toEqual([true, true, true]);
  });
});

describe('a refused try', () => {
  it('is counted in the log by its address and the name of its key, and stored nowhere', async () => {
    const body = datasourceBody({ id: 'docs' });
    await call('POST', '/datasource', { body }, 'another-key-0123456789');
    await api.call('POST', '/datasource', { body, headers: { 'x-forwarded-for': '192.0.2.1' } });
    await call('POST', '/datasource', { body }, keys.read);
    await call('POST', '/datasource', { body });
    const lines = api.log.lines.filter(({ fact }) => fact === 'request').map(({ fields }) => fields);
    const address = '198.51.100.1';
    expect(lines.map(({ refused, address: from, key }) => ({ refused, from, key }))).toEqual([
      { refused: 'unauthorized', from: address, key: 'none' },
      { refused: 'unauthorized', from: address, key: 'none' },
      { refused: 'permission_denied', from: address, key: nameOfKey(keys.read) },
      { refused: undefined, from: undefined, key: undefined },
    ]);
    expect(JSON.stringify(api.log.lines)).not.toMatch(/-key-0123456789/);
    expect((await find()).map(({ action }) => action)).toEqual(['created']);
  });
});

describe('one entry', () => {
  it('stands for a create, a delete and a trigger that are sent again', async () => {
    const config = { access_key_id: 'AKIAEXAMPLE', secret_access_key: secret, bucket: 'b-1', region: 'eu-west-1' };
    const twice = async (method: string, path: string, body?: unknown) => {
      const sent = { ...(body === undefined ? {} : { body }), headers: { 'idempotency-key': 'the-same' } };
      for (let time = 1; time <= 2; time += 1) expect((await call(method, path, sent)).status).toBeLessThan(300);
    };
    await twice('POST', '/v1/connectors', { name: 'one', type: 's3', config });
    await twice('POST', '/v1/connectors/1/schedules', { interval: '6h' });
    await twice('POST', '/v1/scheduler/schedules/1/trigger');
    await twice('POST', '/v1/data-process/async', { source: { connector_id: 1, keys: ['a.pdf', 'b.pdf'] } });
    await twice('DELETE', '/v1/scheduler/schedules/1');
    await twice('DELETE', '/v1/connectors/1');
    const told = (await find()).map(({ kind, action }) => `${kind} ${action}`);
    expect(told.sort()).toEqual([
      ...['connector created', 'connector deleted', 'datasource created', 'datasource deleted'],
      ...['jobs submitted', 'run requested'],
    ]);
  });

  it('is not left by a sync that is asked for while one is on, nor by a second try to cancel it', async () => {
    await call('POST', '/datasource', { body: datasourceBody({ id: 'docs' }) });
    const { json } = await call('POST', '/datasource/docs/_sync');
    await call('POST', '/datasource/docs/_sync');
    for (let time = 1; time <= 2; time += 1) await call('POST', `/datasource/docs/_runs/${json._id}/_cancel`);
    expect((await find('&kind=run')).map(({ id, action }) => [id, action]).sort()).toEqual([
      [json._id, 'canceled'],
      [json._id, 'requested'],
    ]);
  });

  it('is left for each datasource that goes with its connector, and for each connector', async () => {
    const config = { access_key_id: 'AKIAEXAMPLE', secret_access_key: secret, bucket: 'b-1', region: 'eu-west-1' };
    await call('POST', '/v1/connectors', { body: { name: 'one', type: 's3', config } });
    for (let number = 1; number <= 150; number += 1) {
      await call('POST', '/v1/connectors/1/schedules', { body: { interval: '6h', name: `schedule ${number}` } });
    }
    expect((await call('DELETE', '/v1/connectors/1')).status).toBe(204);
    const gone = (await find()).filter(({ action }) => action === 'deleted');
    expect(gone.filter(({ kind }) => kind === 'datasource').length).toBe(150);
    expect(new Set(gone.filter(({ kind }) => kind === 'datasource').map(({ id }) => id)).size).toBe(150);
    expect(gone.filter(({ kind }) => kind === 'connector').map(({ id }) => id)).toEqual(['1']);
  });

  it('counts the documents that one request removes, as far as it came', async () => {
    api.objects.splice(0, Number.POSITIVE_INFINITY, ...many(60));
    await call('POST', '/datasource', { body: datasourceBody({ id: 'docs' }, { extensions: null }) });
    await call('POST', '/datasource/docs/_sync');
    await api.work();
    const { json } = await call('GET', '/document/_search?view=list&datasource=docs&size=100');
    const ids = json.hits.hits.map(({ _id }: { _id: string }) => _id) as string[];
    expect(ids).toHaveLength(60);
    let left = 1;
    const breaking: Table = {
      ...api.table,
      async transact(writes) {
        if (left === 0) throw new Error('the store broke');
        left -= 1;
        await api.table.transact(writes);
      },
    };
    const half = createApi({ apiKeys, deps: { table: breaking, clock: api.clock, ids: api.ids } });
    const sent = { body: ids, headers: { 'x-api-key': keys.manage } };
    expect((await half.call('DELETE', '/document', sent)).status).toBe(500);
    api.time.now += 1000;
    expect((await call('DELETE', '/document', { body: ids })).json.not_found).toHaveLength(25);
    const removals = (await find('&kind=document')).map(({ action, before }) => [action, before]);
    expect(removals).toEqual([
      ['deleted', { documents: 35, asked: 60 }],
      ['deleted', { documents: 25, asked: 60 }],
    ]);
  });
});

function many(count: number) {
  return Array.from({ length: count }, (_, index) => {
    const key = `key-${String(index).padStart(3, '0')}.txt`;
    return { key, size: 1, etag: key, lastModified: '2026-01-02T03:04:05.000Z', storageClass: 'STANDARD' };
  });
}

describe('the store', () => {
  it('keeps no secret in an entry, whichever field it came in, also of what was deleted', async () => {
    const canary = 'canary-0123456789';
    const url = `https://user:${canary}@example.com:8443/${canary}?${canary}=${canary}#${canary}`;
    const told = { description: `at ${url} and ${url}`, icon: url, category: url, tags: [url] };
    const config = { access_key_id: 'AKIAEXAMPLE', secret_access_key: canary, session_token: `${canary}-2` };
    const whole = { name: 'one', ...told, url, assets: { icons: { default: url } }, config };
    const hook = { url: `https://example.com/${canary}?${canary}`, events: ['sync.failed'], secret: canary };
    const place = { ...config, bucket: 'b-1', endpoint: 's3.example.com' };
    const source = { name: url, ...told, type: 'connector', connector: { id: 'one', config: place } };
    const requests: [string, string, unknown?][] = [
      ['POST', '/connector', { id: 'one', ...whole }],
      ['PUT', '/connector/one', { ...whole, config: { ...config, secret_access_key: `${canary}-3` } }],
      ['POST', '/datasource', { id: 'docs', ...source }],
      ['PUT', '/datasource/docs', { connector: { config: { secret_access_key: `${canary}-4` } } }],
      ['DELETE', '/datasource/docs'],
      ['DELETE', '/connector/one'],
      ['POST', '/v1/webhooks', hook],
      ['DELETE', '/v1/webhooks/1'],
    ];
    for (const [method, path, body] of requests) {
      api.time.now += 1;
      const { status, text } = await call(method, path, body === undefined ? {} : { body });
      expect([path, status < 300, text]).toEqual([path, true, text]);
    }
    const entries = await find();
    expect(entries.map(({ secrets }) => secrets).toReversed()).toEqual([
      { secret_access_key: 'set', session_token: 'set' },
      { secret_access_key: 'changed', session_token: 'changed' },
      { secret_access_key: 'set', session_token: 'set' },
      { secret_access_key: 'changed', session_token: 'removed' },
      undefined,
      undefined,
      { secret: 'set' },
      undefined,
    ]);
    const items = await collect(api.table.query({ pk: 'audit#2026-03' }));
    expect(items.length).toBe(requests.length);
    expect(JSON.stringify([items, entries])).not.toMatch(/canary|sealed/);
    expect(JSON.stringify(entries)).toContain('https://example.com:8443/…');
  });
});
