import { beforeEach, describe, expect, test } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { documentId } from '#core/catalogue/document-id.ts';
import { readConnector, updateConnector } from '#core/registry/connector-store.ts';
import { readDatasource, updateDatasource } from '#core/registry/datasource-store.ts';
import { datasourceTag } from '#core/registry/registry-tag.ts';
import { adoptConsoleChange } from '#core/schedules/adopt-console-change.ts';
import { readWebhook, updateWebhook } from '#core/webhooks/webhook-store.ts';
import { routes } from '#http/routes.ts';
import { countWrites } from '#support/counting-table.ts';
import { somebody } from '#support/somebody.ts';
import { type Answer, type Api, createApi, datasourceBody } from './api-fixture.ts';
import { connectorBody } from './flexorch/strict-client.ts';

let api: Api;
const table = { now: countWrites(openSqliteTable(':memory:')) };

const document = documentId('ds', 'c.txt');

/** Each row that can be changed or deleted: where, with what, and where its state is read. */
const rows = [
  { path: '/connector/mine', change: ['PUT', { name: 'changed' }], other: { name: 'by others' } },
  { path: '/datasource/ds', change: ['PUT', { description: 'changed' }], other: { description: 'by others' } },
  { path: `/document/${document}`, change: ['PUT', { tags: ['changed'] }], other: { summary: 'by others' } },
  { path: '/v1/connectors/1/schedules/2', change: ['PATCH', { name: 'changed' }], other: { name: 'by others' } },
  { path: '/v1/scheduler/schedules/2', change: ['PATCH', { interval: '12h' }], other: { enabled: false } },
] as const;

beforeEach(async () => {
  table.now = countWrites(openSqliteTable(':memory:'));
  api = createApi({ deps: { table: table.now } });
  await api.call('POST', '/datasource/', { body: datasourceBody({ id: 'ds' }, { extensions: [] }) });
  await api.call('POST', '/datasource/ds/_sync');
  await api.work();
  await api.call('POST', '/v1/connectors', { body: connectorBody() });
  await api.call('POST', '/v1/connectors/1/schedules', { body: { interval: '6h' } });
  await api.call('POST', '/connector', { body: { id: 'mine', name: 'Mine' } });
  await api.call('POST', '/v1/webhooks', { body: { url: 'https://hooks.example.com/x', events: ['job.failed'] } });
});

const etagOf = async (path: string): Promise<string> => {
  const { status, headers } = await api.call('GET', path);
  expect(status).toBe(200);
  expect(headers.etag).toMatch(/^"[0-9a-f]{32}"$/);
  return headers.etag ?? '';
};

const send = (method: string, path: string, ifMatch: string, body?: object): Promise<Answer> =>
  api.call(method, path, { headers: { 'if-match': ifMatch }, ...(body === undefined ? {} : { body }) });

/** What a GET shows, whichever dialect. */
const shown = async (path: string) => {
  const { json } = await api.call('GET', path);
  return json._source ?? json.data;
};

describe.each(rows)('$path', ({ path, change: [method, body], other }) => {
  test('given its tag, the change is made and answered with the new tag', async () => {
    const before = await etagOf(path);
    const answer = await send(method, path, before, body);
    expect(answer.status).toBe(200);
    expect(answer.headers.etag).toBe(await etagOf(path));
    expect(answer.headers.etag).not.toBe(before);
  });

  test('given somebody changed it meanwhile, it is 412 with what stands there, and nothing is changed', async () => {
    const before = await etagOf(path);
    const body = path.startsWith('/connector') ? { ...other } : other;
    expect((await api.call(method, path, { body })).status).toBe(200);
    const standing = await shown(path);
    table.now.reset();
    for (const refused of [await send(method, path, before, body), await send('DELETE', path, before)]) {
      expect([refused.status, refused.headers.etag]).toEqual([412, await etagOf(path)]);
      expect(refused.json.error.current).toEqual(standing);
      expect(refused.json.error.code).toBe(path.startsWith('/v1') ? 'PRECONDITION_FAILED' : 'precondition_failed');
    }
    expect(await shown(path)).toEqual(standing);
    expect(table.now.writes).toBe(0);
  });

  test('given *, several tags, or its tag made weak by compression on the way, the change is made', async () => {
    expect((await send(method, path, ' * ', body)).status).toBe(200);
    expect((await send(method, path, `"x", ${await etagOf(path)},`, other)).status).toBe(200);
    expect((await send(method, path, `W/${await etagOf(path)}`, body)).status).toBe(200);
    expect((await send(method, path, '"x"', body)).status).toBe(412);
  });

  test('given a header that names no tag, it is a bad request', async () => {
    const tag = (await etagOf(path)).slice(1, -1);
    for (const header of ['', '"', tag, `"${tag}`, `"${tag}" "x"`, 'W/', '*, "x"', `w/"${tag}"`, ',', '"a b"']) {
      const { status, text } = await send(method, path, header, body);
      expect([header, status]).toEqual([header, path.startsWith('/v1') ? 422 : 400]);
      expect(text).toContain('If-Match');
    }
  });

  test('given If-None-Match, it is no condition', async () => {
    const etag = await etagOf(path);
    const headers = { 'if-none-match': etag };
    expect((await api.call('GET', path, { headers })).status).toBe(200);
    expect((await api.call(method, path, { headers: { 'if-none-match': '*' }, body })).status).toBe(200);
  });

  test('given its tag, it is deleted, and sent again it is as it was without a condition', async () => {
    const etag = await etagOf(path);
    expect((await send('DELETE', path, etag)).status).toBe(200);
    const again = await send('DELETE', path, etag);
    expect(again.status).toBe(path.startsWith('/v1') ? 200 : 404);
  });
});

describe('rows under /v1 that only a list or a create shows', () => {
  test('given a connector, its version in a list is its tag, and a delete goes by it', async () => {
    const [connector] = (await api.call('GET', '/v1/connectors')).json.data.items;
    expect(`"${connector.version}"`).toBe(await etagOf('/v1/connectors/1'));
    const refused = await send('DELETE', '/v1/connectors/1', '"x"');
    expect([refused.status, refused.json.error.current.id]).toEqual([412, 1]);
    expect((await api.call('GET', '/v1/scheduler/schedules/2')).status).toBe(200);
    expect((await send('DELETE', '/v1/connectors/1', `"${connector.version}"`)).status).toBe(204);
  });

  test('given a webhook, its version is its tag, which a delivery or a switch-off does not move', async () => {
    const made = await api.call('POST', '/v1/webhooks', {
      body: { url: 'https://hooks.example.com/y', events: ['a'] },
    });
    const { id, version } = made.json.data;
    expect(made.headers.etag).toBe(`"${version}"`);
    const row = await readWebhook(api.table, String(id));
    if (row === undefined) throw new Error('there is no webhook');
    await updateWebhook({ ...somebody, table: api.table }, row, { ...row, active: false, switched_off: 'gone' });
    expect((await send('DELETE', `/v1/webhooks/${id}`, '"x"')).status).toBe(412);
    expect((await send('DELETE', `/v1/webhooks/${id}`, `"${version}"`)).status).toBe(204);
  });

  test('given a body with the version that was shown, it is a condition, beside If-Match too', async () => {
    const path = '/v1/scheduler/schedules/2';
    const { version } = await shown(path);
    expect((await api.call('PATCH', path, { body: { name: 'a', version } })).status).toBe(200);
    const stale = await api.call('PATCH', path, { body: { name: 'b', version } });
    expect([stale.status, stale.json.error.current.name]).toEqual([412, 'a']);
    const fresh = (await shown(path)).version;
    expect((await send('PATCH', path, '"x"', { name: 'c', version: fresh })).status).toBe(412);
    expect((await api.call('PATCH', path, { body: { name: 'c', version: 7 } })).status).toBe(422);
    expect((await shown(path)).name).toBe('a');
  });
});

describe('what a tag tells of', () => {
  test('given a create, its answer has the tag that a read then shows', async () => {
    for (const [path, body, at] of [
      ['/connector', { id: 'new', name: 'New' }, '/connector/new'],
      ['/datasource', datasourceBody({ id: 'new' }), '/datasource/new'],
      ['/v1/scheduler/schedules', { connector_id: 1, interval: '1h' }, '/v1/scheduler/schedules/4'],
    ] as const) {
      const made = await api.call('POST', path, { body });
      expect(made.headers.etag).toBe(await etagOf(at));
    }
  });

  test('given both dialects show a datasource, it has one tag', async () => {
    expect(await etagOf('/datasource/2')).toBe(await etagOf('/v1/scheduler/schedules/2'));
    expect(await etagOf('/datasource/2/_schedule')).toBe(await etagOf('/datasource/2'));
  });

  test('given runs, health, tests and a move of the connector, no tag moves', async () => {
    const paths = ['/datasource/ds', '/datasource/2', '/v1/connectors/1', `/document/${document}`];
    const before = await Promise.all(paths.map(etagOf));
    await api.call('POST', '/v1/connectors/1/test');
    for (const id of ['ds', '2']) await api.call('POST', `/datasource/${id}/_sync`);
    await api.work();
    const row = await readDatasource(api.table, '2');
    if (row === undefined) throw new Error('there is no datasource 2');
    const moved = { ...row, uid: 'another', target: 'another', config_version: row.config_version + 1 };
    await updateDatasource({ ...somebody, table: api.table }, row, { ...moved, sync: { ...row.sync, anchor: 1 } });
    expect(await Promise.all(paths.map(etagOf))).toEqual(before);
  });

  test('given a schedule that was changed in the AWS console, the tag moves', async () => {
    const row = await readDatasource(api.table, '2');
    if (row === undefined) throw new Error('there is no datasource 2');
    const live = { expression: 'cron(0 6 L * ? *)', timezone: 'UTC', state: 'enabled', modifiedAt: api.time.now + 1 };
    const adopted = adoptConsoleChange(row, { ...live, name: 'n' } as never, undefined, api.time.now + 2);
    expect(adopted && datasourceTag(adopted)).not.toBe(datasourceTag(row));
  });

  test('given a secret that was set anew, the tag moves, for whoever read it before would put it back', async () => {
    const before = await etagOf('/datasource/ds');
    const { secret_access_key } = datasourceBody().connector.config;
    await api.call('PUT', '/datasource/ds', { body: { connector: { config: { secret_access_key } } } });
    expect(await etagOf('/datasource/ds')).not.toBe(before);
  });

  test('given a row that was deleted and one of the same name and content, the tag of the one is not the other’s', async () => {
    const before = await etagOf('/connector/mine');
    await api.call('DELETE', '/connector/mine');
    await api.call('POST', '/connector', { body: { id: 'mine', name: 'Mine' } });
    expect((await send('PUT', '/connector/mine', before, { name: 'x' })).status).toBe(412);
  });
});

describe('without a row', () => {
  test('given a replacement that would create, with any If-Match it is 412 and nothing is created', async () => {
    for (const [path, body] of [
      ['/connector/none?replace=true', { name: 'None' }],
      ['/datasource/none?replace=true', datasourceBody()],
    ] as const) {
      for (const header of ['*', '"x"']) {
        const refused = await send('PUT', path, header, body);
        expect([refused.status, refused.json.error.current]).toEqual([412, undefined]);
      }
      expect((await api.call('GET', path.split('?')[0] ?? '')).status).toBe(404);
    }
  });

  test('given a change of what is not there, it is 404 as ever', async () => {
    for (const path of ['/connector/none', '/datasource/none', `/document/${documentId('ds', 'none')}`]) {
      const body = path.startsWith('/document') ? { tags: ['x'] } : { name: 'x' };
      expect((await send('PUT', path, '"x"', body)).status).toBe(404);
      expect((await send('DELETE', path, '"x"')).status).toBe(404);
    }
  });
});

describe('between reading and writing', () => {
  /** Something that the machine does right before the next conditional write. */
  const interrupt = (what: () => Promise<unknown>) => {
    const { transact, put } = api.table;
    const once = async () => {
      Object.assign(api.table, { transact, put });
      await what();
    };
    Object.assign(api.table, {
      transact: async (...all: Parameters<typeof transact>) => {
        await once();
        return transact.apply(api.table, all);
      },
      put: async (...all: Parameters<typeof put>) => {
        await once();
        return put.apply(api.table, all);
      },
    });
  };
  const note = async () => {
    const row = await readDatasource(api.table, 'ds');
    if (row === undefined) throw new Error('there is no ds');
    await updateDatasource({ ...somebody, table: api.table }, row, { ...row, config_version: row.config_version + 1 });
  };

  test('given only the machine noted something, the change is made, and so is the deletion', async () => {
    const etag = await etagOf('/datasource/ds');
    interrupt(note);
    const changed = await send('PUT', '/datasource/ds', etag, { description: 'x' });
    expect([changed.status, (await shown('/datasource/ds')).description]).toEqual([200, 'x']);
    interrupt(note);
    expect((await api.call('PUT', '/datasource/ds', { body: { description: 'y' } })).status).toBe(200);
    interrupt(note);
    expect((await api.call('DELETE', '/datasource/ds')).status).toBe(200);
  });

  test('given a connector’s version grew and nothing else, it is changed', async () => {
    const etag = await etagOf('/connector/mine');
    interrupt(async () => {
      const row = await readConnector(api.table, 'mine');
      if (row !== undefined) await updateConnector({ ...somebody, table: api.table }, row, row);
    });
    expect((await send('PUT', '/connector/mine', etag, { name: 'x' })).status).toBe(200);
  });

  test('given somebody changed it there, it is 412 with a condition and a conflict without', async () => {
    const etag = await etagOf('/datasource/ds');
    const change = () => api.call('PUT', '/datasource/ds', { body: { description: `${Math.floor(api.time.now++)}` } });
    interrupt(change);
    expect((await send('PUT', '/datasource/ds', etag, { icon: 'x' })).status).toBe(412);
    interrupt(change);
    expect((await api.call('PUT', '/datasource/ds', { body: { icon: 'x' } })).status).toBe(409);
    expect(await shown('/datasource/ds')).not.toHaveProperty('icon');
  });
});

test('given the route table, whatever changes or deletes one row takes If-Match, and what shows one has its tag', () => {
  const one = routes.filter(({ path, resource }) => resource !== undefined && path.endsWith(`{${resource}}`));
  const changing = one.filter(({ method }) => method !== 'GET');
  expect(changing.length).toBeGreaterThan(8);
  for (const { method, path, conditional } of changing)
    expect([method, path, conditional]).toEqual([method, path, true]);
  // Runs, jobs and the documents under /v1 hold nothing that a client may set.
  const fixed = ['/datasource/{id}/_runs/{run}', '/v1/jobs/{job}', '/v1/documents/{document}'];
  const shownRows = one.filter(({ method, path }) => method === 'GET' && !fixed.includes(path));
  for (const { path, tagged } of shownRows) expect([path, tagged]).toEqual([path, true]);
});
