import { describe, expect, test } from 'vitest';
import { readConnector, updateConnector } from '#core/registry/connector-store.ts';
import { readDatasource, updateDatasource } from '#core/registry/datasource-store.ts';
import { somebody } from '#support/somebody.ts';
import { type Api, createApi, datasourceBody } from './api-fixture.ts';

const turned = 'safe\u202egpj.exe';
const belled = 'a\u0007';
const fine = 'می\u200cخواهم 👩\u200d👧';

const json = (value: object) => ({ body: JSON.stringify(value) });

describe.each([
  ['a turn of direction', turned, 'U+202E'],
  ['a control character', belled, 'U+0007'],
  ['the end of a line', 'a\u2028b', 'U+2028'],
])('given %s', (_what, odd, code) => {
  test.each<[string, object, string]>([
    ['/connector', { name: odd }, 'name'],
    ['/connector', { name: 'x', tags: ['ok', odd] }, 'tags.1'],
    ['/connector', { name: 'x', category: odd }, 'category'],
    ['/connector', { name: 'x', url: odd }, 'url'],
    ['/connector', { name: 'x', assets: { icons: { [odd]: 'x' } } }, 'assets.icons'],
    ['/connector', { name: 'x', assets: { icons: { default: odd } } }, 'assets.icons.default'],
    ['/datasource', datasourceBody({ name: odd }), 'name'],
    ['/datasource', datasourceBody({ tags: [odd] }), 'tags.0'],
    ['/datasource', datasourceBody({ icon: odd }), 'icon'],
  ])('POST %s with %j is 400 at its place', async (path, body, at) => {
    const api = createApi();
    const answer = await api.call('POST', path, json(body));
    expect([answer.status, answer.json.error.details]).toEqual([
      400,
      [{ path: at, reason: expect.stringContaining(`holds ${code},`) }],
    ]);
    expect(answer.text).not.toContain(odd);
  });

  test('a connector under /v1 and a schedule on it are refused such a name too', async () => {
    const api = createApi();
    const config = { bucket: 'b-bucket', region: 'eu-west-1', access_key_id: 'k', secret_access_key: 's' };
    const named = (name: string) => json({ type: 's3', name, config });
    expect((await api.call('POST', '/v1/connectors', named(odd))).status).toBe(422);
    expect((await api.call('POST', '/v1/connectors', named(fine))).status).toBe(201);
    const schedule = (name: string) => json({ connector_id: 1, interval: '6h', name });
    expect((await api.call('POST', '/v1/scheduler/schedules', schedule(odd))).status).toBe(422);
    expect((await api.call('POST', '/v1/scheduler/schedules', schedule(fine))).status).toBe(201);
  });

  test('a name that stands from before may be saved again, and another such name may not', async () => {
    const api = createApi();
    await standing(api, odd);
    const connector = { name: odd, description: 'changed', tags: [odd] };
    expect((await api.call('PUT', '/connector/old', json(connector))).status).toBe(200);
    expect((await api.call('PUT', '/datasource/old', json({ name: odd, description: 'changed' }))).status).toBe(200);
    expect((await api.call('PUT', '/datasource/old', json({ description: 'again' }))).status).toBe(200);
    for (const path of ['/connector/old', '/datasource/old']) {
      expect((await api.call('PUT', path, json({ name: `${odd}2` }))).status).toBe(400);
      expect((await api.call('GET', path)).json._source).toMatchObject({ name: odd });
    }
  });
});

test('given a name with spaces around it, it is kept as it was written', async () => {
  const api = createApi();
  await api.call('POST', '/connector', json({ id: 'c', name: '  Store ' }));
  expect((await api.call('GET', '/connector/c')).json._source.name).toBe('  Store ');
});

/** As a version before this one would have left it. */
async function standing(api: Api, name: string): Promise<void> {
  await api.call('POST', '/connector', json({ id: 'old', name: 'x' }));
  await api.call('POST', '/datasource', json(datasourceBody({ id: 'old' })));
  const { table } = api;
  const connector = await readConnector(table, 'old');
  const datasource = await readDatasource(table, 'old');
  if (connector === undefined || datasource === undefined) throw new Error('they are not there');
  await updateConnector({ ...somebody, table }, connector, { ...connector, name, tags: [name] });
  await updateDatasource({ ...somebody, table }, datasource, { ...datasource, name }, []);
}
