import { expect, it } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { tellFields } from '#core/audit/told-fields.ts';
import type { Item, Table } from '#core/model/ports/table.ts';
import { connectorView } from '#core/registry/connector.ts';
import { listConnectors } from '#core/registry/connector-store.ts';
import { datasourceView } from '#core/registry/datasource.ts';
import { listDatasources } from '#core/registry/datasource-store.ts';
import { listWebhooks } from '#core/webhooks/webhook-store.ts';
import { collect } from '#support/collect.ts';
import { type Api, createApi } from './api-fixture.ts';

/** Another one: STOCKTAKE_SEED=7 npx vitest run test/http/audit-replay.test.ts */
const given = process.env.STOCKTAKE_SEED;
const seeds = given === undefined ? [1, 2, 3, 4] : [Number(given)];

type Random = <Each>(choices: readonly Each[]) => Each;
type Fields = Record<string, unknown>;
type State = Map<string, Fields>;

function randomOf(seed: number): Random {
  let state = seed;
  return (choices) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return choices[Math.floor((state / 2 ** 32) * choices.length)] as (typeof choices)[number];
  };
}

/** A store that now and then breaks before a write, or right after it. */
function breaking(table: Table, random: Random): Table {
  const broken = async (write: () => Promise<void>): Promise<void> => {
    const fault = random(['none', 'none', 'none', 'none', 'before', 'after'] as const);
    if (fault === 'before') throw new Error('the store broke before the write');
    await write();
    if (fault === 'after') throw new Error('the store broke after the write');
  };
  return {
    get: (key) => table.get(key),
    batchGet: (keys) => table.batchGet(keys),
    query: (query) => table.query(query),
    put: (item, condition) => broken(() => table.put(item, condition)),
    delete: (key, condition) => broken(() => table.delete(key, condition)),
    transact: (writes) => broken(() => table.transact(writes)),
    batchWrite: (writes) => table.batchWrite(writes),
  };
}

/** What clients see of all rows, as the audit tells of fields. */
async function visible({ table }: Pick<Api, 'table'>): Promise<State> {
  const rows: [string, object][] = [
    ...(await listConnectors(table)).map((row): [string, object] => [`connector ${row.id}`, connectorView(row)]),
    ...(await collect(listDatasources(table))).map((row): [string, object] => [
      `datasource ${row.id}`,
      datasourceView(row),
    ]),
    ...(await listWebhooks(table)).map(({ v: _v, version: _version, owner: _owner, secret: _secret, ...shown }) => {
      return [`webhook ${shown.id}`, shown] as [string, object];
    }),
  ];
  return new Map(rows.map(([name, fields]) => [name, tellFields(fields as Fields).fields]));
}

/** Goes through the entries, the oldest first, from what stood before them. */
function replay(beginning: State, entries: readonly Fields[]): State {
  const state: State = new Map([...beginning].map(([name, fields]) => [name, { ...fields }]));
  for (const { kind, id, action, after } of entries) {
    const name = `${kind} ${id}`;
    if (!['connector', 'datasource', 'webhook'].includes(String(kind))) continue;
    if (action === 'deleted') state.delete(name);
    else if (action === 'created') state.set(name, after as Fields);
    else {
      const changed = { ...state.get(name), ...(after as Fields | undefined) };
      state.set(name, Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== null)));
    }
  }
  return state;
}

async function entriesOf(api: Api): Promise<Fields[]> {
  const all: Fields[] = [];
  for (let cursor = ''; ; ) {
    const { status, json } = await api.call('GET', `/_audit?size=100${cursor}`);
    expect(status).toBe(200);
    all.push(...json.entries);
    if (json.next_cursor === undefined) return all.reverse();
    cursor = `&cursor=${json.next_cursor}`;
  }
}

/** A request that may change something; everything secret in it has `canary` in it. */
function anyRequest(random: Random): [method: string, path: string, body?: unknown] {
  const id = random(['a', 'b', 'c']);
  const number = random([1, 2, 3, 4]);
  const name = random(['one', 'two', 'three']);
  const bucket = random(['bucket-one', 'bucket-two']);
  const keys = { access_key_id: 'AKIAEXAMPLE', secret_access_key: random(['canary-1', 'canary-2']) };
  const token = random([{}, { session_token: 'canary-3' }]);
  const config = { ...keys, ...token, bucket, endpoint: 's3.example.com', ...random([{}, { prefix: 'a/' }]) };
  const url = random(['https://user:canary@hooks.example.com/canary?canary#canary', 'https://example.com']);
  const told = random([{}, { description: `see ${url}`, icon: url }, { tags: [name, url] }]);
  const sync = random([{ interval: '5m' }, { cron: '0 6 * * *' }, { interval: '1h', enabled: false }]);
  const source = { type: 'connector', name, ...told, connector: { id: random(['s3', id]), config }, sync };
  const patch = random([{ name }, { sync }, { enabled: random([true, false]) }, told, { connector: { config } }]);
  const hook = {
    url: url.replace(/#.*/, '').replace('user:canary@', ''),
    events: ['sync.failed'],
    secret: 'canary-of-hook',
  };
  const face = { name, type: 's3', config: { ...keys, bucket, region: 'eu-west-1' } };
  return random<[string, string, unknown?]>([
    ['POST', '/connector', { id, name, ...told, url, config }],
    ['PUT', `/connector/${random([id, 's3'])}`, { name, ...told, ...random([{}, { config }]) }],
    ['PUT', `/connector/${id}?replace=true`, { name, ...told }],
    ['DELETE', `/connector/${id}`],
    ['POST', '/datasource', { id, ...source }],
    ['PUT', `/datasource/${id}`, patch],
    ['PUT', `/datasource/${id}`, patch],
    ['PUT', `/datasource/${id}?replace=true`, source],
    ['DELETE', `/datasource/${id}`],
    ['POST', `/datasource/${id}/_sync`],
    ['POST', '/v1/connectors', face],
    ['DELETE', `/v1/connectors/${number}`],
    ['POST', `/v1/connectors/${number}/schedules`, random([{ interval: '6h' }, { cron: '0 1 * * *', name }])],
    [
      'PATCH',
      `/v1/scheduler/schedules/${number}`,
      random([{ interval: '12h' }, { is_active: false }, { prefix: 'b/' }]),
    ],
    ['DELETE', `/v1/scheduler/schedules/${number}`],
    ['POST', '/v1/webhooks', hook],
    ['DELETE', `/v1/webhooks/${number}`],
  ]);
}

it.each(seeds)(
  'given random changes by a store that breaks before or after a write, the audit replayed is what clients see (seed %i)',
  async (seed) => {
    const random = randomOf(seed);
    const table = breaking(openSqliteTable(':memory:'), random);
    const api = createApi({ deps: { table } });
    const beginning = await visible(api);
    const counts = { done: 0, refused: 0, broken: 0 };
    for (let step = 1; step <= 120; step += 1) {
      api.time.now += random([1, 1000, 3_600_000, 5 * 86_400_000]);
      const [method, path, body] = anyRequest(random);
      const before = await entriesOf(api);
      const { status } = await api.call(method, path, body === undefined ? {} : { body });
      counts[status < 400 ? 'done' : status < 500 ? 'refused' : 'broken'] += 1;
      const entries = await entriesOf(api);
      const where = `seed ${seed}, step ${step}: ${method} ${path} was answered ${status}`;
      if (status >= 400 && status < 500) expect(entries.length, where).toBe(before.length);
      expect(replay(beginning, entries), where).toEqual(await visible(api));
    }
    expect(Math.min(counts.done, counts.refused, counts.broken)).toBeGreaterThan(5);
    expect(JSON.stringify(await stored(api, 'audit#'))).not.toMatch(/canary|sealed/);
  },
);

async function stored(api: Api, prefix: string): Promise<Item[]> {
  const items: Item[] = [];
  for (let month = 0; month < 30; month += 1) {
    const pk = `${prefix}${new Date(Date.UTC(2026, month)).toISOString().slice(0, 7)}`;
    items.push(...(await collect(api.table.query({ pk }))));
  }
  expect(items.length).toBeGreaterThan(20);
  return items;
}
