import { beforeEach, describe, expect, test } from 'vitest';
import { documentId } from '#core/catalogue/document-id.ts';
import { Failure } from '#core/model/errors.ts';
import { type Api, createApi, datasourceBody, eventOf, listed, secret } from './api-fixture.ts';

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const runId = /^[0-9a-z]{20}$/;

let api: Api;
beforeEach(() => {
  api = createApi();
});

async function created(over: Record<string, unknown> = {}): Promise<string> {
  const { json, status } = await api.call('POST', '/datasource/', { body: datasourceBody(over) });
  expect(status).toBe(200);
  return json._id;
}

/** A datasource whose first sync has ended. */
async function synced(): Promise<string> {
  const id = await created({ id: 'docs' });
  await api.call('POST', `/datasource/${id}/_sync`);
  await api.work();
  return id;
}

describe('the founding documents', () => {
  const connector = {
    name: 'S3 Object Storage Connector',
    description: 'Fetch file metadata from S3 cloud storage.',
    category: 'cloud_storage',
    icon: '/assets/icons/connector/s3/icon.png',
    tags: ['s3', 'storage'],
    url: 'http://coco.rs/connectors/s3',
    assets: { icons: { default: '/assets/icons/connector/s3/icon.png' } },
    processor: { enabled: true, name: 's3' },
  };

  test('given the curl command that registers the connector, as curl -d sends it, it answers as Coco does', async () => {
    const sent = { body: connector, headers: form, base64: true };
    const first = await api.call('PUT', '/connector/s3?replace=true', sent);
    expect([first.status, first.json]).toEqual([200, { _id: 's3', result: 'updated' }]);
    const read = await api.call('GET', '/connector/s3');
    expect(read.json).toMatchObject({ found: true, _id: 's3', _source: { ...connector, id: 's3', builtin: true } });
  });

  test('given the curl command that creates the datasource, it is created and can be read without its secret', async () => {
    const answer = await api.call('POST', '/datasource/', { body: datasourceBody(), headers: form });
    expect([answer.status, answer.json]).toEqual([200, { _id: '1', result: 'created' }]);
    const { json } = await api.call('GET', '/datasource/1');
    expect(json).toMatchObject({ found: true, _id: '1', _source: { id: '1', name: 'My S3 Documents' } });
    expect(json._source.connector.config.secret_access_key).toBeUndefined();
    expect(json._source.connector.config.bucket).toBe('your-bucket');
    expect(json._source.schedule).toMatchObject({ expression: 'rate(5 minutes)', state: 'enabled' });
    expect(json._source.health).toEqual({ status: 'healthy', failures_in_a_row: 0 });
    expect(json._source.last_run).toBeUndefined();
  });
});

describe('connectors', () => {
  test('given a new one, it can be read, replaced, found and deleted', async () => {
    const made = await api.call('POST', '/connector/', { body: { name: 'Own' } });
    expect(made.json).toEqual({ _id: '1', result: 'created' });
    const replaced = await api.call('PUT', '/connector/1', { body: { name: 'Renamed' } });
    expect(replaced.json).toEqual({ _id: '1', result: 'updated' });
    const search = await api.call('GET', '/connector/_search?query=renamed');
    expect(search.json).toEqual({
      took: 0,
      timed_out: false,
      hits: {
        total: { value: 1, relation: 'eq' },
        max_score: null,
        hits: [
          {
            _index: 'connector',
            _id: '1',
            _score: null,
            _source: expect.objectContaining({ id: '1', name: 'Renamed' }),
          },
        ],
      },
    });
    expect((await api.call('DELETE', '/connector/1')).json).toEqual({ _id: '1', result: 'deleted' });
    const gone = await api.call('GET', '/connector/1');
    expect([gone.status, gone.json]).toEqual([404, { _id: '1', found: false }]);
  });

  test('given none with that id, PUT is 404 but creates with replace=true, and DELETE is 404', async () => {
    const body = { name: 'x' };
    const missing = { _id: 'x', result: 'not_found' };
    const put = await api.call('PUT', '/connector/x', { body });
    expect([put.status, put.json]).toEqual([404, missing]);
    const deleted = await api.call('DELETE', '/connector/x');
    expect([deleted.status, deleted.json]).toEqual([404, missing]);
    const replaced = await api.call('PUT', '/connector/x?replace=true', { body });
    expect([replaced.status, replaced.json]).toEqual([200, { _id: 'x', result: 'created' }]);
  });

  test('given the builtin one or one in use, DELETE is refused with the reason', async () => {
    const builtin = await api.call('DELETE', '/connector/s3');
    expect(builtin.status).toBe(403);
    expect(builtin.json).toMatchObject({ status: 403, error: { reason: 'builtin connector cannot be deleted' } });
    await api.call('POST', '/connector', { body: { id: 'own', name: 'Own' } });
    const { connector } = datasourceBody();
    await created({ connector: { ...connector, id: 'own' } });
    const inUse = await api.call('DELETE', '/connector/own');
    expect(inUse.status).toBe(409);
    expect(inUse.json.error).toMatchObject({ code: 'in_use', reason: expect.stringContaining('1 datasource uses') });
  });
});

describe('datasources', () => {
  test('given PUT with some fields, what is absent stays; with replace=true it is reset', async () => {
    const id = await created({ description: 'kept', enabled: false });
    const put = await api.call('PUT', `/datasource/${id}`, { body: { name: 'New name' } });
    expect(put.json).toEqual({ _id: id, result: 'updated' });
    const merged = (await api.call('GET', `/datasource/${id}`)).json._source;
    expect(merged).toMatchObject({ name: 'New name', description: 'kept', enabled: false, sync: { interval: '5m' } });
    await api.call('PUT', `/datasource/${id}?replace=true`, { body: datasourceBody() });
    const whole = (await api.call('GET', `/datasource/${id}`)).json._source;
    expect(whole).toMatchObject({ name: 'My S3 Documents', enabled: true });
    expect(whole.description).toBeUndefined();
  });

  test('given none with that id, PUT is 404 and PUT with replace=true creates it', async () => {
    const put = await api.call('PUT', '/datasource/new', { body: { name: 'x' } });
    expect([put.status, put.json]).toEqual([404, { _id: 'new', result: 'not_found' }]);
    const replaced = await api.call('PUT', '/datasource/new/?replace=true', { body: datasourceBody() });
    expect(replaced.json).toEqual({ _id: 'new', result: 'created' });
  });

  test('given what an answer carried, it can be sent back as it is', async () => {
    const id = await synced();
    const { _source } = (await api.call('GET', `/datasource/${id}`)).json;
    const back = await api.call('PUT', `/datasource/${id}`, { body: _source });
    expect([back.status, back.json]).toEqual([200, { _id: id, result: 'updated' }]);
  });

  test('given DELETE, it is gone at once and its purge is asked for', async () => {
    const id = await created();
    expect((await api.call('DELETE', `/datasource/${id}`)).json).toEqual({ _id: id, result: 'deleted' });
    expect(api.messages).toEqual([{ type: 'purge', uid: expect.any(String) }]);
    const read = await api.call('GET', `/datasource/${id}`);
    expect([read.status, read.json]).toEqual([404, { _id: id, found: false }]);
    const { json: purges } = await api.call('GET', '/datasource/_purges/');
    expect(purges).toMatchObject({ total: 1, purges: [{ id, status: 'waiting', percent: 0 }] });
    expect(JSON.stringify(purges)).not.toContain('uid');
    const again = await api.call('DELETE', `/datasource/${id}`);
    expect([again.status, again.json]).toEqual([404, { _id: id, result: 'not_found' }]);
  });

  test('given several, search filters, sorts and pages them, with what each shows on its own', async () => {
    for (const name of ['Beta', 'Alpha', 'Gamma']) await created({ name, enabled: name !== 'Gamma' });
    const page = await api.call('GET', '/datasource/_search?filter=enabled:true&sort=name:asc&size=1&from=1');
    expect(page.json.hits.total).toEqual({ value: 2, relation: 'eq' });
    expect(page.json.hits.hits).toHaveLength(1);
    expect(page.json.hits.hits[0]).toMatchObject({ _index: 'datasource', _id: '1', _score: null });
    const one = (await api.call('GET', '/datasource/1')).json._source;
    expect(page.json.hits.hits[0]._source).toEqual(one);
    const posted = await api.call('POST', '/datasource/_search', {
      body: { filter: ['enabled:true'], sort: ['name:asc'], size: 1, from: 1 },
    });
    expect(posted.json).toEqual(page.json);
    const empty = await api.call('POST', '/datasource/_search/');
    expect(empty.json.hits.total.value).toBe(3);
  });

  test('given a filter whose value has commas and colons, it reaches the search whole', async () => {
    await created({ name: 'a,b:c' });
    await created({ name: 'a' });
    const query = new URLSearchParams({ filter: 'name:a,b:c' });
    const { json } = await api.call('GET', `/datasource/_search?${query}`);
    expect(json.hits.hits.map((hit: { _id: string }) => hit._id)).toEqual(['1']);
    const both = await api.call('GET', `/datasource/_search?${query}&filter=name:a`);
    expect(both.json.hits.total.value).toBe(2);
  });

  test('given a schedule or none, _schedule tells', async () => {
    const id = await created({ id: 'timed' });
    const timed = await api.call('GET', `/datasource/${id}/_schedule`);
    expect(timed.json).toMatchObject({ found: true, _id: 'timed', _source: { expression: 'rate(5 minutes)' } });
    const manual = await created({ id: 'manual', sync: { strategy: 'manual' } });
    const none = await api.call('GET', `/datasource/${manual}/_schedule`);
    expect([none.status, none.json]).toEqual([404, { _id: 'manual', found: false }]);
  });
});

describe('runs', () => {
  test('given _sync twice, the second answers with the run that is on', async () => {
    const id = await created();
    const first = await api.call('POST', `/datasource/${id}/_sync`);
    expect(first.status).toBe(200);
    expect(first.json).toMatchObject({
      acknowledged: true,
      _id: expect.stringMatching(runId),
      result: 'queued',
      run: { status: 'queued', trigger: 'manual', datasource: id, dry_run: false },
    });
    const second = await api.call('POST', `/datasource/${id}/_sync/`, { body: {} });
    expect(second.json._id).toBe(first.json._id);
    expect(api.messages).toHaveLength(1);
  });

  test('given _reset_sync, the sync is due now, also while one is on', async () => {
    const id = await created();
    for (let time = 0; time < 2; time += 1) {
      const answer = await api.call('POST', `/datasource/${id}/_reset_sync`);
      expect([answer.status, answer.json]).toEqual([200, { acknowledged: true }]);
    }
    expect(api.messages).toMatchObject([{ type: 'run', datasource: id }]);
  });

  test('given a run that ended, it shows by itself, in the list and on its datasource', async () => {
    const id = await synced();
    const { runs, next } = (await api.call('GET', `/datasource/${id}/_runs`)).json;
    expect(next).toBeUndefined();
    expect(runs).toMatchObject([{ status: 'completed', counters: { added: 3, listed: 3 } }]);
    const one = await api.call('GET', `/datasource/${id}/_runs/${runs[0].id}`);
    expect(one.json).toEqual({ found: true, _id: runs[0].id, _source: runs[0] });
    const { _source } = (await api.call('GET', `/datasource/${id}`)).json;
    expect(_source.last_run).toEqual(runs[0]);
    for (const internal of ['uid', 'fence', 'version', 'v']) expect(runs[0]).not.toHaveProperty(internal);
  });

  test('given more runs than a page takes, next leads on to the older ones', async () => {
    const id = await created();
    for (let run = 0; run < 3; run += 1) {
      await api.call('POST', `/datasource/${id}/_sync`);
      await api.work();
    }
    const first = (await api.call('GET', `/datasource/${id}/_runs?size=2`)).json;
    const second = (await api.call('GET', `/datasource/${id}/_runs?size=2&before=${first.next}`)).json;
    const ids = [...first.runs, ...second.runs].map((run: { id: string }) => run.id);
    expect(ids).toHaveLength(3);
    expect(ids).toEqual(ids.toSorted().toReversed());
    expect(second.next).toBeUndefined();
  });

  test('given a run that waits, _cancel stops it; given one that ended, it is a conflict', async () => {
    const id = await created();
    const { _id: run } = (await api.call('POST', `/datasource/${id}/_sync`)).json;
    const canceled = await api.call('POST', `/datasource/${id}/_runs/${run}/_cancel`);
    expect(canceled.json).toMatchObject({ acknowledged: true, _id: run, result: 'canceling' });
    await api.work();
    const ended = (await api.call('GET', `/datasource/${id}/_runs/${run}`)).json._source;
    expect(ended.status).toBe('canceled');
    const again = await api.call('POST', `/datasource/${id}/_runs/${run}/_cancel`);
    expect([again.status, again.json.error.code]).toEqual([409, 'conflict']);
  });

  test('given a held run, _approve starts the run that applies it', async () => {
    const id = await synced();
    api.objects.splice(0);
    await api.call('POST', `/datasource/${id}/_sync`);
    await api.work();
    const { runs } = (await api.call('GET', `/datasource/${id}/_runs`)).json;
    expect(runs[0].status).toBe('held');
    const approved = await api.call('POST', `/datasource/${id}/_runs/${runs[0].id}/_approve`);
    expect(approved.json).toMatchObject({ acknowledged: true, result: 'queued', run: { approves: runs[0].id } });
    expect(approved.json._id).not.toBe(runs[0].id);
    const completed = await api.call('POST', `/datasource/${id}/_runs/${runs[1].id}/_approve`);
    expect(completed.status).toBe(409);
  });

  test('given runs and datasources that do not exist, each route says so in its form', async () => {
    const id = await created();
    const read = await api.call('GET', `/datasource/${id}/_runs/abc`);
    expect([read.status, read.json]).toEqual([404, { _id: 'abc', found: false }]);
    const cancel = await api.call('POST', `/datasource/${id}/_runs/abc/_cancel`);
    expect(cancel.status).toBe(404);
    expect(cancel.json.error).toMatchObject({ code: 'not_found', reason: expect.stringContaining('no run abc') });
    for (const verb of ['_sync', '_reset_sync', '_test', '_preview']) {
      const answer = await api.call('POST', `/datasource/none/${verb}`);
      expect([verb, answer.status, answer.json.error?.reason]).toEqual([verb, 404, 'there is no datasource none']);
    }
  });
});

describe('probes', () => {
  test('given settings that work or fail, _test says so with 200', async () => {
    const id = await created();
    const good = await api.call('POST', `/datasource/${id}/_test`);
    const told = { message: expect.any(String), warnings: expect.any(Array), unasked: ['cursor'] };
    expect([good.status, good.json]).toEqual([200, { success: true, latency_ms: 0, ...told }]);
    api.source.failure = new Failure('access_denied', 'the key may not list');
    const bad = await api.call('POST', `/datasource/${id}/_test`);
    const message = 'the key may not list';
    const nothing = { warnings: [], unasked: [] };
    expect([bad.status, bad.json]).toEqual([200, { success: false, latency_ms: null, message, ...nothing }]);
  });

  test.each([
    ['access_denied', 400],
    ['bucket_not_found', 400],
    ['endpoint_refused', 400],
    ['requester_pays', 400],
    ['object_archived', 409],
    ['answer_too_large', 424],
    ['endpoint_unreachable', 424],
    ['source_error', 424],
    ['source_throttled', 424],
    ['source_timeout', 424],
    ['listing_not_proved', 424],
    ['listing_contradicted', 424],
  ] as const)('given a bucket that fails with %s, _preview answers %i with the reason', async (code, status) => {
    const id = await created();
    api.source.failure = new Failure(code, 'do this and that');
    const answer = await api.call('GET', `/datasource/${id}/_preview?keys=10`);
    expect([answer.status, answer.json.error]).toEqual([status, { code, reason: 'do this and that' }]);
  });

  test.each(['lease_lost', 'scope_changed', 'interrupted', 'run_time_limit', 'run_page_limit', 'internal'] as const)(
    'given %s, with which only runs fail, it is a defect of ours: told without its text, and logged',
    async (code) => {
      const id = await created();
      api.source.failure = new Failure(code, 'words of a run');
      const answer = await api.call('GET', `/datasource/${id}/_preview?keys=10`);
      expect([answer.status, answer.json.error.code, answer.text]).toEqual([
        500,
        'internal',
        expect.not.stringContaining('words of a run'),
      ]);
      expect(api.log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    },
  );

  test('given keys, _preview looks at once and writes nothing', async () => {
    const id = await created();
    for (const method of ['GET', 'POST']) {
      const { status, json } = await api.call(method, `/datasource/${id}/_preview?keys=1000`);
      expect([status, json.would_add, json.complete]).toEqual([200, 3, true]);
    }
    expect(api.messages).toEqual([]);
  });

  test('given no keys, POST _preview queues a dry run and GET _preview starts nothing', async () => {
    const id = await created();
    const get = await api.call('GET', `/datasource/${id}/_preview`);
    expect([get.status, api.messages.length]).toEqual([400, 0]);
    const post = await api.call('POST', `/datasource/${id}/_preview`);
    expect(post.json).toMatchObject({ acknowledged: true, result: 'queued', run: { dry_run: true } });
    await api.work();
    const { _source } = (await api.call('GET', `/datasource/${id}/_runs/${post.json._id}`)).json;
    expect(_source).toMatchObject({ status: 'completed', dry_run: true, counters: { added: 3 } });
    expect((await api.call('GET', `/document/_search?datasource=${id}`)).json.hits.total.value).toBe(0);
  });

  test('given a real run that is on, POST _preview is a conflict, not that run', async () => {
    const id = await created();
    await api.call('POST', `/datasource/${id}/_sync`);
    const { status, json } = await api.call('POST', `/datasource/${id}/_preview`);
    expect([status, json.error.code]).toEqual([409, 'conflict']);
  });

  test('given a document, raw_content leads to its URL, or tells it as JSON', async () => {
    const id = await synced();
    const [hit] = (await api.call('GET', `/document/_search?datasource=${id}&size=1`)).json.hits.hits;
    const url = 'https://bucket.test/a%2F1.pdf?expires=300';
    const redirect = await api.call('GET', `/document/${hit._id}/raw_content/1.pdf`);
    expect([redirect.status, redirect.headers.location]).toEqual([302, url]);
    const headers = { 'x-document-redirect': 'true' };
    const told = await api.call('GET', `/document/${hit._id}/raw_content/1.pdf`, { headers });
    expect([told.status, told.json]).toEqual([200, { url }]);
    const missing = await api.call('GET', '/document/docs.eA/raw_content/x');
    expect([missing.status, missing.json]).toEqual([404, { _id: 'docs.eA', found: false }]);
  });

  test('given a key with dots for a segment, raw_content says that no link leads there; slashes do no harm', async () => {
    const unlinkable = ['../up.pdf', 'a/../b.pdf', './c.pdf', 'd/./e.pdf'];
    const linkable = [
      '/lead.pdf',
      '//two.pdf',
      'a//b.pdf',
      '..g.pdf',
      'h...pdf',
      '.../i.pdf',
      'j/.k.pdf',
      '%2e%2e/l.pdf',
    ];
    api.objects.splice(0, api.objects.length, ...[...unlinkable, ...linkable].sort().map((key) => listed(key)));
    const id = await created({ id: 'docs' });
    await api.call('POST', `/datasource/${id}/_sync`);
    await api.work();
    const contentOf = (key: string) => api.call('GET', `/document/${documentId(id, key)}/raw_content/x`);
    for (const key of unlinkable) {
      const answer = await contentOf(key);
      const reason = expect.stringContaining('no link can lead to this object');
      expect([key, answer.status, answer.json.error]).toEqual([key, 409, { code: 'object_unlinkable', reason }]);
    }
    for (const key of linkable) expect([key, (await contentOf(key)).status]).toEqual([key, 302]);
  });
});

describe('documents', () => {
  test('given a synced bucket, its documents are found, read and deleted', async () => {
    const id = await synced();
    const search = await api.call('GET', `/document/_search?datasource=${id}`);
    expect(search.json.hits.total).toEqual({ value: 3, relation: 'eq' });
    const [hit] = search.json.hits.hits;
    expect(hit).toMatchObject({ _index: 'document', _score: null, _source: { id: hit._id, title: '1.pdf' } });
    const read = await api.call('GET', `/document/${hit._id}/`);
    expect(read.json).toEqual({ found: true, _id: hit._id, _source: hit._source });
    expect((await api.call('DELETE', `/document/${hit._id}`)).json).toEqual({ _id: hit._id, result: 'deleted' });
    const gone = await api.call('GET', `/document/${hit._id}`);
    expect([gone.status, gone.json]).toEqual([404, { _id: hit._id, found: false }]);
    const again = await api.call('DELETE', `/document/${hit._id}`);
    expect([again.status, again.json]).toEqual([404, { _id: hit._id, result: 'not_found' }]);
  });

  test('given a path or words, searches by GET and POST agree', async () => {
    await synced();
    const folder = await api.call('GET', `/document/_search?path=${encodeURIComponent('["a"]')}`);
    expect(folder.json.hits.hits.map((hit: { _source: { title: string } }) => hit._source.title)).toEqual([
      '1.pdf',
      'b',
    ]);
    const posted = await api.call('POST', '/document/_search', { body: { path: ['a'] } });
    expect(posted.json).toEqual(folder.json);
    const words = await api.call('GET', '/query/_search?query=2.pdf');
    expect(words.json.hits.total.value).toBe(1);
    const category = await api.call('POST', '/query/_search', { body: { category: '/a/b/' } });
    expect(category.json.hits.hits).toHaveLength(1);
  });

  test('given more hits than a page takes, next_cursor leads on', async () => {
    const id = await synced();
    const first = (await api.call('GET', `/document/_search?datasource=${id}&size=2`)).json;
    const query = new URLSearchParams({ datasource: id, size: '2', cursor: first.next_cursor });
    const second = (await api.call('GET', `/document/_search?${query}`)).json;
    expect(second.hits.hits).toHaveLength(1);
    expect(second.next_cursor).toBeUndefined();
  });
});

describe('every answer', () => {
  test('given any path, both slash forms answer alike', async () => {
    const id = await synced();
    const { _id: document } = (await api.call('GET', '/document/_search?size=1')).json.hits.hits[0];
    const paths = ['/connector/s3', '/connector/_search', `/datasource/${id}`, '/datasource/_search', '/_health'];
    paths.push(`/datasource/${id}/_runs`, `/datasource/${id}/_schedule`, `/document/${document}`, '/query/_search');
    for (const path of paths) {
      const [bare, slash] = [await api.call('GET', path), await api.call('GET', `${path}/`)];
      expect([path, bare.status]).toEqual([path, 200]);
      expect([path, slash.json]).toEqual([path, bare.json]);
    }
  });

  test('given an answer, it is JSON, not to be kept, with its request id; and the log has the fact of it', async () => {
    const { headers } = await api.call('GET', '/connector/s3?');
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-request-id': 'request-1',
    });
    const [line] = api.log.lines;
    expect(line).toEqual({
      level: 'info',
      fact: 'request',
      fields: { request_id: 'request-1', method: 'GET', route: '/connector/{id}', status: 200, ms: 0 },
    });
  });

  test('given what API Gateway made of path and query, only the raw ones count, for every host has those', async () => {
    await created({ id: 'docs' });
    const event = {
      ...eventOf('GET', '/datasource/_search?filter=name:a,b&filter=name:c'),
      queryStringParameters: { filter: 'name:a,b,name:c', size: '0' },
    };
    expect((await api.handlers.api(event)).statusCode).toBe(200);
    const read = { ...eventOf('GET', '/datasource/docs'), pathParameters: { id: 'another' } };
    expect(JSON.parse((await api.handlers.api(read)).body ?? '')._id).toBe('docs');
  });

  test('given a defect, the answer is 500 without its text, and the log has it', async () => {
    const broken = createApi({
      deps: {
        queue: {
          send: async () => {
            throw new Error('the queue is on fire');
          },
        },
      },
    });
    await broken.call('POST', '/datasource', { body: datasourceBody() });
    const { status, json, text } = await broken.call('POST', '/datasource/1/_sync');
    expect([status, json.status, json.error.code, json.request_id]).toEqual([500, 500, 'internal', 'request-1']);
    expect(text).not.toContain('fire');
    const logged = broken.log.lines.find(({ level }) => level === 'error');
    expect(logged?.fields).toMatchObject({ request_id: 'request-1', message: 'the queue is on fire' });
    expect(JSON.stringify(broken.log.lines)).not.toContain(secret);
  });
});
