import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, describe, expect, test } from 'vitest';
import { createDynamoDbTable } from '#adapters/aws/dynamodb-table.ts';
import { createTableDefinition } from '#adapters/aws/dynamodb-table-definition.ts';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import type { Table } from '#core/model/ports/table.ts';
import { routes } from '#http/routes.ts';
import { startDynamoDbLocal } from '#support/dynamodb-local.ts';
import { type Answer, type Api, createApi } from '../api-fixture.ts';
import { connectorBody } from './strict-client.ts';

const day = 86_400_000;

/** One kind of thing that a POST under /v1 makes, on connector 1. */
type Kind = {
  /** Method and path as in the route table. */
  readonly route: string;
  readonly path: string;
  readonly body: object;
  readonly other: object;
  /** What tells one thing from another in an answer. */
  readonly idOf: (data: { readonly id: number; readonly job_ids: readonly number[] }) => unknown;
  readonly count: (api: Api) => Promise<number>;
  /** How the thing of this id is deleted; jobs cannot be. */
  readonly remove?: (id: unknown) => string;
};

const totalAt = (path: string) => async (api: Api) => (await api.call('GET', path)).json.data.total as number;
const schedules = async (api: Api) => (await api.call('GET', '/v1/scheduler/schedules')).json.data.length as number;
const hook = { url: 'https://hooks.example.com/stocktake', events: ['job.failed'], secret: 'a-secret-of-mine' };

const kinds: readonly Kind[] = [
  {
    route: 'POST /v1/connectors',
    path: '/v1/connectors',
    body: connectorBody({ name: 'one' }),
    other: connectorBody({ name: 'other' }),
    idOf: ({ id }) => id,
    count: async (api) => (await totalAt('/v1/connectors')(api)) - 1,
    remove: (id) => `/v1/connectors/${id}`,
  },
  {
    route: 'POST /v1/connectors/{connector}/schedules',
    path: '/v1/connectors/1/schedules',
    body: { cron_expression: '0 6 * * *' },
    other: { interval: '6h' },
    idOf: ({ id }) => id,
    count: schedules,
    remove: (id) => `/v1/connectors/1/schedules/${id}`,
  },
  {
    route: 'POST /v1/scheduler/schedules',
    path: '/v1/scheduler/schedules',
    body: { connector_id: 1, interval: '6h' },
    other: { connector_id: 1, interval: '12h' },
    idOf: ({ id }) => id,
    count: schedules,
    remove: (id) => `/v1/scheduler/schedules/${id}`,
  },
  {
    route: 'POST /v1/webhooks',
    path: '/v1/webhooks',
    body: hook,
    other: { ...hook, secret: 'another-secret' },
    idOf: ({ id }) => id,
    count: totalAt('/v1/webhooks'),
    remove: (id) => `/v1/webhooks/${id}`,
  },
  {
    route: 'POST /v1/data-process/async',
    path: '/v1/data-process/async',
    body: { source: { connector_id: 1, keys: ['a', 'b', 'a'] } },
    other: { source: { connector_id: 1, keys: ['c', 'd'] } },
    idOf: ({ job_ids }) => job_ids.join(),
    count: async (api) => (await totalAt('/v1/jobs')(api)) / 2,
  },
];

test('given the route table, every POST that takes an Idempotency-Key is among these kinds', () => {
  // A key's text is shown once: its creation, sent again, is refused (test/http/coco/key-routes.test.ts).
  const repeatable = routes.filter(({ idempotent, path }) => idempotent && path !== '/_keys');
  const idempotent = repeatable.map(({ method, path }) => `${method} ${path}`);
  expect(kinds.map(({ route }) => route).toSorted()).toEqual(idempotent.toSorted());
});

function createsOnce(engine: string, openTable: () => Promise<Table>): void {
  describe.each(kinds)(`$route on ${engine}`, (kind) => {
    async function prepare() {
      const api = createApi({ deps: { table: await openTable() } });
      expect((await api.call('POST', '/v1/connectors', { body: connectorBody() })).json.data.id).toBe(1);
      const post = (body: object, key?: string): Promise<Answer> =>
        api.call('POST', kind.path, { body, headers: key === undefined ? {} : { 'idempotency-key': key } });
      return { api, post };
    }
    const told = ({ status, text }: Answer): string => `${status} ${text}`;
    const idIn = ({ json }: Answer): unknown => kind.idOf(json.data);

    test.each([undefined, 'one-key'])('given it 10 times at once under the key %s, it is made once', async (key) => {
      const { api, post } = await prepare();
      const answers = await Promise.all(Array.from({ length: 10 }, () => post(kind.body, key)));
      expect(new Set(answers.map(told)).size).toBe(1);
      expect(answers[0]?.status).toBeLessThan(300);
      expect(await kind.count(api)).toBe(1);
      api.time.now += day - 1000;
      const late = await post(kind.body, key);
      expect([late.status, idIn(late)]).toEqual([answers[0]?.status, answers[0] && idIn(answers[0])]);
    });

    test('given another body under its key, later or at once, it is 422 and makes nothing', async () => {
      const { api, post } = await prepare();
      const answers = await Promise.all([post(kind.body, 'k'), post(kind.other, 'k'), post(kind.other, 'k')]);
      expect(new Set(answers.filter(({ status }) => status < 300).map(told)).size).toBe(1);
      expect(answers.map(({ status }) => status)).toContain(422);
      const late = await Promise.all([post(kind.body, 'k'), post(kind.other, 'k')]);
      const [refused, ...others] = late.filter(({ status }) => status >= 300);
      expect([refused?.status, refused?.json.error.code, others]).toEqual([422, 'VALIDATION_ERROR', []]);
      expect(refused?.json.error.message).toMatch(/use a new key for a new request/);
      expect(await kind.count(api)).toBe(1);
    });

    test('given it after a day, or under a new key, it is made anew', async () => {
      const { api, post } = await prepare();
      const first = await post(kind.body);
      const keyed = await post(kind.body, 'new');
      api.time.now += day;
      const late = await post(kind.body);
      const lateKeyed = await post(kind.body, 'new');
      expect(new Set([first, keyed, late, lateKeyed].map(idIn)).size).toBe(4);
    });

    const { remove } = kind;
    if (remove === undefined) return;
    test('given the original was deleted, it is made anew, with a key and without', async () => {
      const { api, post } = await prepare();
      for (const key of [undefined, 'k']) {
        const first = await post(kind.body, key);
        const gone = await api.call('DELETE', remove(idIn(first)));
        expect(gone.status).toBeLessThan(300);
        const again = await post(kind.body, key);
        expect([again.status, idIn(again)]).toEqual([201, expect.not.toSatisfy((id) => id === idIn(first))]);
        await api.call('DELETE', remove(idIn(again)));
      }
      expect(await kind.count(api)).toBe(0);
    });
  });
}

createsOnce('the embedded table', async () => openSqliteTable(':memory:'));

const engine = await startDynamoDbLocal();
if ('endpoint' in engine) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint: engine.endpoint, region: 'us-east-1', credentials });
  afterAll(async () => {
    client.destroy();
    await engine.close();
  });
  let tables = 0;
  createsOnce('DynamoDB', async () => {
    tables += 1;
    const name = `stocktake-${tables}`;
    await client.send(new CreateTableCommand(createTableDefinition(name)));
    return createDynamoDbTable(client, name);
  });
} else {
  test.skipIf(!process.env.CI)(`creates on DynamoDB run in CI (${engine.skipped})`, () => {
    expect.fail(engine.skipped);
  });
}
