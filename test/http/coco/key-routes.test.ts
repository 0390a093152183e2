import { beforeEach, describe, expect, test } from 'vitest';
import { createRandomIds } from '#adapters/process/random-ids.ts';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { createStoredKeys } from '#core/access/stored-keys.ts';
import { PushedBack } from '#core/model/errors.ts';
import type { Table } from '#core/model/ports/table.ts';
import { createStaticApiKeys, noKeysNeeded, withStoredKeys } from '#http/table/api-keys.ts';
import { createRecordingLog } from '#support/recording-log.ts';
import { type Api, createApi } from '../api-fixture.ts';

const own = 'manage-key-of-the-settings';
const body = { name: 'nightly job', scope: 'write' };
const begun = Date.parse('2026-03-01T10:00:00Z');

let time: { now: number };
let table: Table & { away?: Error };
let api: Api;
beforeEach(() => {
  time = { now: begun };
  const stored = openSqliteTable(':memory:');
  table = {
    ...stored,
    get: async (key) => {
      if (table.away !== undefined) throw table.away;
      return stored.get(key);
    },
  };
  const deps = { table, clock: { now: () => time.now }, ids: createRandomIds() };
  const keys = createStoredKeys({ ...deps, log: createRecordingLog() });
  api = createApi({ apiKeys: withStoredKeys(createStaticApiKeys([{ key: own, scope: 'manage' }]), keys), deps });
});

const ask = (method: string, path: string, sent?: unknown, headers: Record<string, string> = {}, key = own) =>
  api.call(method, path, { ...(sent === undefined ? {} : { body: sent }), headers: { 'x-api-key': key, ...headers } });

describe('POST /_keys', () => {
  test('given a key is asked for, its text is in this answer and in no other, nor in the log', async () => {
    const { status, json } = await ask('POST', '/_keys', { ...body, expires_in: '30d' });
    expect([status, json]).toMatchObject([
      200,
      {
        ...{ result: 'created', _id: json._source.id, key: expect.stringMatching(/^stk_[0-9a-z]{12}_[0-9a-z]{50}$/) },
        _source: {
          ...body,
          status: 'active',
          expires_at: '2026-03-31T10:00:00.000Z',
          created_by: expect.stringMatching(/^[0-9a-f]{8}$/),
        },
      },
    ]);
    await ask('GET', '/connector/s3', undefined, {}, json.key);
    const later = [await ask('GET', '/_keys'), await ask('GET', `/_keys/${json._id}`), api.log.lines];
    expect(later).toMatchObject([{ json: { keys: [{ id: json._id }] } }, { json: { found: true, _id: json._id } }, {}]);
    expect(JSON.stringify(later)).not.toContain(json.key.slice(-50));
  });

  test.each([
    ['by its content', {}],
    ['by its Idempotency-Key', { 'idempotency-key': 'one' }],
  ])(
    'given it is sent again, known %s, it says that the key was shown once, and makes no other',
    async (_name, headers) => {
      const { json } = await ask('POST', '/_keys', body, headers);
      const again = await ask('POST', '/_keys', body, headers);
      const reason = expect.stringMatching(
        new RegExp(`made the key ${json._id} at .* shown in that answer only.*_revoke`),
      );
      expect([again.status, again.json.error]).toEqual([409, { code: 'conflict', reason }]);
      expect((await ask('GET', '/_keys')).json.keys).toHaveLength(1);
      // Given it is done as told, there is a new one
      await ask('POST', `/_keys/${json._id}/_revoke`);
      expect((await ask('POST', '/_keys', body, headers)).json).toMatchObject({ result: 'created' });
    },
  );

  test('given the same at the same moment, one is made', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask('POST', '/_keys', body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(409)]);
    expect((await ask('GET', '/_keys')).json.keys).toHaveLength(1);
  });

  test('given another name, another Idempotency-Key, or the first one ended, it makes another', async () => {
    const short = { ...body, expires_in: '1h' };
    const sent: [unknown, Record<string, string>][] = [
      [short, {}],
      [{ ...short, name: 'another' }, {}],
      [short, { 'idempotency-key': 'two' }],
    ];
    for (const [what, headers] of sent) expect((await ask('POST', '/_keys', what, headers)).status).toBe(200);
    time.now += 3_600_000;
    expect((await ask('POST', '/_keys', short)).status).toBe(200);
    expect((await ask('GET', '/_keys')).json.keys.map((key: { status: string }) => key.status)).toEqual([
      ...['expired', 'expired', 'expired', 'active'],
    ]);
  });

  test('given a server that needs no keys, it is 409 and says why', async () => {
    const answer = await createApi({ apiKeys: noKeysNeeded }).call('POST', '/_keys', { body });
    expect([answer.status, answer.json.error.reason]).toEqual([409, expect.stringContaining('started without keys')]);
  });
});

describe('revoking', () => {
  test('given a key is revoked, it is told of under its id and among the revoked ones, and lets in no more', async () => {
    const { json } = await ask('POST', '/_keys', body);
    expect((await ask('GET', '/connector/s3', undefined, {}, json.key)).status).toBe(200);
    expect((await ask('POST', `/_keys/${json._id}/_revoke`)).json).toEqual({
      ...{ acknowledged: true, _id: json._id, result: 'revoked' },
    });
    time.now += 60_000;
    expect((await ask('GET', '/connector/s3', undefined, {}, json.key)).status).toBe(401);
    expect((await ask('GET', '/_keys')).json).toEqual({ keys: [] });
    const revoked = { ...{ id: json._id, status: 'revoked', last_used: '2026-03-01T10:00:00.000Z' } };
    expect((await ask('GET', '/_keys?revoked=true')).json).toMatchObject({ keys: [revoked] });
    expect((await ask('GET', `/_keys/${json._id}`)).json._source).toMatchObject(revoked);
  });

  test('given more revoked keys than one answer holds, next leads on to the rest', async () => {
    const { json } = await ask('POST', '/_keys', body);
    await ask('POST', `/_keys/${json._id}/_revoke`);
    const model = await table.get({ pk: 'access#revoked', sk: json._id });
    const ids = Array.from({ length: 1500 }, (_, index) => String(index).padStart(12, '0'));
    await table.batchWrite(ids.map((id) => ({ put: { ...model, pk: 'access#revoked', sk: id, id } })));
    const first = (await ask('GET', '/_keys?revoked=true')).json;
    const second = (await ask('GET', `/_keys?revoked=true&after=${first.next}`)).json;
    const shown = [...first.keys, ...second.keys].map(({ id }: { id: string }) => id);
    expect([first.keys.length, second.next, shown]).toEqual([1000, undefined, [...ids, json._id].sort()]);
  });

  test.each([
    ['an id that is none', 'POST', '/_keys/UPPER/_revoke', 400],
    ['an id that nothing has', 'POST', '/_keys/000000000000/_revoke', 404],
    ['reading one that is not there', 'GET', '/_keys/000000000000', 404],
    ['after without revoked', 'GET', '/_keys?after=000000000000', 400],
    ['after that is no id', 'GET', '/_keys?revoked=true&after=%00', 400],
    ['revoked that is neither', 'GET', '/_keys?revoked=1', 400],
  ])('given %s, %s %s is %i', async (_name, method, path, expected) => {
    expect((await ask(method, path)).status).toBe(expected);
  });
});

describe('while the table is away', () => {
  test.each([
    ['is broken', new Error('wJalrXUtnFEMI in the words of an SDK')],
    ['pushes back', new PushedBack('ThrottlingException')],
  ])(
    'given it %s, a key that is not known is 503 with Retry-After in both dialects, and nobody gets in',
    async (_name, away) => {
      const { json } = await ask('POST', '/_keys', body);
      table.away = away;
      const coco = await ask('GET', '/connector/s3', undefined, {}, json.key);
      expect([coco.status, coco.json.error.code, coco.headers['retry-after']]).toEqual([503, 'keys_unavailable', '5']);
      const flexorch = await ask('GET', '/v1/usage', undefined, {}, json.key);
      expect([flexorch.status, flexorch.json.error.code, flexorch.headers['retry-after']]).toEqual([
        ...[503, 'KEYS_UNAVAILABLE', '5'],
      ]);
      expect(JSON.stringify([coco, flexorch, api.log.lines])).not.toContain('wJalrXUtnFEMI');
      const told = api.log.lines.filter(({ fact }) => fact === 'request failed');
      expect(told).toMatchObject([{ fields: { code: 'keys_unavailable', why: away.name } }, {}]);
    },
  );
});
