import { describe, expect, test } from 'vitest';
import { type Api, createApi } from '../api-fixture.ts';

const body = { url: 'https://hooks.example.com/stocktake', events: ['sync.completed', 'job.failed'] };
const secret = 'a-secret-of-mine';

function post(api: Api, sent: unknown, headers: Record<string, string> = {}) {
  return api.call('POST', '/v1/webhooks', { body: sent, headers });
}

const list = async (api: Api, query = '') => (await api.call('GET', `/v1/webhooks${query}`)).json.data;

describe('webhooks', () => {
  test('given one that is registered, listed and deleted, each answer has the contract’s form', async () => {
    const api = createApi();
    const made = await post(api, { ...body, secret });
    expect(made.status).toBe(201);
    expect(Object.keys(made.json)).toEqual(['status', 'data', 'error']);
    expect(made.json.data).toEqual({
      ...{ id: 1, ...body, idle_events: [], active: true, created_at: '2026-03-01T10:00:00.000Z' },
      ...{ switched_off: null, failures: 0, last_delivery: null, version: expect.any(String) },
    });
    expect(await list(api)).toEqual({ items: [made.json.data], total: 1, page: 1, page_size: 50 });
    const gone = await api.call('DELETE', '/v1/webhooks/1/');
    expect([gone.status, gone.text]).toEqual([204, '']);
    expect((await list(api)).items).toEqual([]);
    expect((await api.call('DELETE', '/v1/webhooks/1')).status).toBe(204);
    const other = await api.call('DELETE', '/v1/webhooks/2');
    expect([other.status, other.json.error.code]).toEqual([404, 'WEBHOOK_NOT_FOUND']);
  });

  test('given events that never occur here, alone or beside others, they are taken and said to be idle', async () => {
    const api = createApi();
    const events = ['dataset.ready', 'job.completed', 'quota.warning', 'some-thing:new'];
    const mixed = await post(api, { ...body, events, secret });
    const idle = ['dataset.ready', 'quota.warning', 'some-thing:new'];
    expect([mixed.status, mixed.json.data]).toMatchObject([201, { events, idle_events: idle, active: true }]);
    const alone = await post(api, { ...body, events: ['dataset.ready'], secret });
    expect(alone.json.data.idle_events).toEqual(['dataset.ready']);
    expect((await list(api)).items).toEqual([mixed.json.data, alone.json.data]);
  });

  test.each([
    [7, 422, undefined],
    [8, 201, 1],
    [15, 201, 1],
    [16, 201, 0],
    [256, 201, 0],
    [257, 422, undefined],
  ])(
    'given a secret of %i characters, it is %i, and below 16 the answer warns, also when it is repeated',
    async (length, status, warned) => {
      const api = createApi();
      const given = { ...body, secret: 's'.repeat(length) };
      for (const _time of [1, 2]) {
        const made = await post(api, given);
        expect([made.status, made.json.data ? (made.json.data.warnings ?? []).length : undefined]).toEqual([
          status,
          warned,
        ]);
        for (const warning of made.json.data?.warnings ?? []) expect(warning).toContain(`has ${length} characters`);
      }
    },
  );

  test('given no secret, one is made and shown in that answer only', async () => {
    const api = createApi();
    const made = await post(api, body);
    expect(made.json.data.secret).toMatch(/^whsec_[0-9a-z]{25}$/);
    expect((await list(api)).items[0]).not.toHaveProperty('secret');
    const repeated = await post(api, body);
    expect(repeated.json.data.id).toBe(1);
    expect(repeated.json.data).not.toHaveProperty('secret');
  });

  test('given the same request again, or at once, it is the original; with another secret it is another', async () => {
    const api = createApi();
    const both = await Promise.all([post(api, { ...body, secret }), post(api, { ...body, secret })]);
    expect(both.map(({ status, json }) => [status, json.data.id])).toEqual([
      [201, 1],
      [201, 1],
    ]);
    expect((await post(api, { ...body, secret: 'another-secret' })).json.data.id).toBe(2);
    const keyed = await post(api, body, { 'idempotency-key': 'k1' });
    expect((await post(api, body, { 'idempotency-key': 'k1' })).json.data.id).toBe(keyed.json.data.id);
    const clash = await post(api, { ...body, secret }, { 'idempotency-key': 'k1' });
    expect([clash.status, clash.json.error.code]).toEqual([422, 'VALIDATION_ERROR']);
  });

  test('given more than a page of them, pages tell how many there are', async () => {
    const api = createApi();
    for (let index = 0; index < 3; index += 1) await post(api, { ...body, url: `https://hooks.example.com/${index}` });
    const { items, total, page, page_size } = await list(api, '?page=2&page_size=2');
    expect([items.map(({ id }: { id: number }) => id), total, page, page_size]).toEqual([[3], 3, 2, 2]);
  });

  test('given the private address that the host allows, plain http is taken there', async () => {
    const api = createApi();
    expect((await post(api, { ...body, url: 'http://hooks.internal:8080/' })).status).toBe(201);
  });
});

describe('bad input', () => {
  test.each<[string, unknown, RegExp]>([
    ['no body', undefined, /body/],
    ['broken JSON', '{"url":', /JSON/],
    ['a list', [], /./],
    ['no url', { events: body.events }, /url: is required/],
    ['no events', { url: body.url }, /events: is required/],
    ['an event without a name', { ...body, events: [''] }, /events\.0: must be the name of an event, such as job\./],
    ['all events at once', { ...body, events: ['*'] }, /events\.0: must be the name of an event/],
    ['an event with words', { ...body, events: ['job completed'] }, /events\.0: must be the name of an event/],
    ['an event of 65 characters', { ...body, events: ['e'.repeat(65)] }, /events\.0: must be the name of an event/],
    ['an event that is a number', { ...body, events: [7] }, /events\.0: must be a text/],
    ['51 events', { ...body, events: Array.from({ length: 51 }, (_each, n) => `e${n}`) }, /events: must be at most 50/],
    ['an unknown field', { ...body, active: false }, /active: is not a known field/],
    ['a short secret', { ...body, secret: 'abc' }, /secret: must be 8–256/],
    ['a secret that is a number', { ...body, secret: 12345678 }, /secret: must be a text/],
    ['another scheme', { ...body, url: 'file:///etc/passwd' }, /absolute URL/],
    ['a user in the url', { ...body, url: 'https://a:b@hooks.example.com/' }, /user or password/],
    ['plain http to the Internet', { ...body, url: 'http://hooks.example.com/' }, /https at a public address/],
    ['loopback', { ...body, url: 'https://127.0.0.1/' }, /public address/],
    ['localhost', { ...body, url: 'https://localhost/' }, /public address/],
    ['loopback in an odd spelling', { ...body, url: 'https://2130706433/' }, /four decimal numbers/],
    ['loopback in IPv6', { ...body, url: 'https://[::ffff:7f00:1]/' }, /public address/],
    ['the metadata service', { ...body, url: 'http://169.254.169.254/latest/' }, /public address/],
    ['a private address', { ...body, url: 'https://10.1.2.3/' }, /public address/],
  ])('given %s, it is a 422 that says what to change', async (_name, sent, reason) => {
    const api = createApi();
    const { status, json } = await post(api, sent);
    expect([status, json.status, json.data, json.error.code]).toEqual([422, 'error', null, 'VALIDATION_ERROR']);
    expect(json.error.message).toMatch(reason);
    expect((await list(api)).items).toEqual([]);
  });

  test('given as many as there may be, the next is refused until one is deleted', async () => {
    const api = createApi();
    for (let index = 0; index < 50; index += 1) await post(api, { ...body, url: `https://hooks.example.com/${index}` });
    const refused = await post(api, body);
    expect([refused.status, refused.json.error.message]).toEqual([422, expect.stringContaining('delete one first')]);
    await api.call('DELETE', '/v1/webhooks/7');
    expect((await post(api, body)).status).toBe(201);
  });

  test.each(['zero', '0', '-1', '1.5', '99999999999999999999'])('given the id %s, it is a 422', async (id) => {
    expect((await createApi().call('DELETE', `/v1/webhooks/${id}`)).status).toBe(422);
  });
});
