import { beforeEach, describe, expect, it, test } from 'vitest';
import { createRandomIds } from '#adapters/process/random-ids.ts';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { Failure } from '#core/model/errors.ts';
import { parseInput } from '#core/model/parse-input.ts';
import { createConnector, deleteConnector, replaceConnector } from '#core/registry/changes/save-connector.ts';
import { createDatasource } from '#core/registry/changes/save-datasource.ts';
import { connectorInput, connectorView } from '#core/registry/connector.ts';
import { listConnectors, readConnector, updateConnector } from '#core/registry/connector-store.ts';
import { datasourceInput } from '#core/registry/datasource.ts';
import { readDatasource, updateDatasource } from '#core/registry/datasource-store.ts';
import { collect } from '#support/collect.ts';
import { type CountingTable, countWrites } from '#support/counting-table.ts';
import { anyRole } from '#support/fake-roles.ts';
import { somebody } from '#support/somebody.ts';
import { openVault } from '#support/sync-world.ts';

const block = { endpoint: 'one.example.com', access_key_id: 'KEY1' };
const settings = { ...block, bucket: 'photos', secret_access_key: 'first-secret' };

let now: number;
let table: CountingTable;
let deps: Parameters<typeof createDatasource>[0];
beforeEach(() => {
  now = Date.parse('2026-03-01T00:00:00Z');
  table = countWrites(openSqliteTable(':memory:'));
  const clock = { now: () => now };
  deps = {
    ...somebody,
    table,
    clock,
    ids: createRandomIds(),
    sealer: openVault,
    assumableRoles: anyRole,
    minimumIntervalSeconds: 10,
  };
});

const parse = (body: object) => parseInput(connectorInput, { name: 'Store', ...body }, 'the connector');
const create = (body: object = {}) => createConnector(deps, parse(body));
const put = async (id: string, body: object, options = { create: false }) =>
  (await replaceConnector(deps, id, parse(body), options)).row;
const addDatasource = (config: object, id: string, connector = 'store') => {
  const body = { type: 'connector', name: 'some', id, connector: { id: connector, config }, sync: { interval: '5m' } };
  return createDatasource(deps, parseInput(datasourceInput, body, 'the datasource'));
};
const stored = async (id: string) => (await readDatasource(table, id))!;
const marks = async () => (await collect(table.query({ pk: 'purge' }))).map((mark) => [mark.sk, mark.datasource]);
const unseal = (sealed: string | undefined, uid: string, field: string) =>
  openVault.open(sealed ?? '', { kind: 'connector', uid, field });

describe('the builtin connector', () => {
  it('is there without taking a place, has no number in the sequence, and is not made twice', async () => {
    expect(await readConnector(table, 's3')).toMatchObject({ builtin: true, number: 0, config: {}, secrets: {} });
    expect(await collect(table.query({ pk: 'registry#connector' }))).toEqual([]);
    expect(await create()).toMatchObject({ id: '1', number: 1, builtin: false });
    await expect(create({ id: 's3' })).rejects.toMatchObject({ code: 'conflict' });
  });

  it('takes a place once it is changed, stays builtin whatever the body says, and is listed once', async () => {
    await put('s3', { name: 'Ours', builtin: false });
    expect(await readConnector(table, 's3')).toMatchObject({ builtin: true, name: 'Ours', version: 1, number: 0 });
    await put('s3', { name: 'Ours again' });
    expect(await listConnectors(table)).toMatchObject([{ id: 's3', name: 'Ours again', version: 2 }]);
    await expect(create({ id: 's3' })).rejects.toMatchObject({ code: 'conflict' });
  });

  it('is listed in the order of ids, changed or not', async () => {
    for (const id of ['zoo', 'abc']) await create({ id });
    expect((await listConnectors(table)).map((row) => row.id)).toEqual(['abc', 's3', 'zoo']);
    await put('s3', {});
    expect((await listConnectors(table)).map((row) => row.id)).toEqual(['abc', 's3', 'zoo']);
  });

  it('is not deleted, changed or not', async () => {
    const refusal = { code: 'builtin', message: 'builtin connector cannot be deleted' };
    await expect(deleteConnector(deps, 's3')).rejects.toMatchObject(refusal);
    await put('s3', {});
    await expect(deleteConnector(deps, 's3')).rejects.toMatchObject(refusal);
  });

  it('given two first changes at once, then one is a conflict', async () => {
    const outcomes = await Promise.allSettled([put('s3', { name: 'A' }), put('s3', { name: 'B' })]);
    expect(outcomes.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('creating', () => {
  it('fills in the times, switches it on, and makes an owner that is not the id', async () => {
    const row = await create({ id: 'store', config: settings, builtin: true, number: 77, created: 'then' });
    const at = '2026-03-01T00:00:00.000Z';
    expect(row).toMatchObject({
      id: 'store',
      number: 1,
      builtin: false,
      created: at,
      updated: at,
      version: Date.parse(at),
    });
    expect(row.processor).toEqual({ enabled: true, name: 's3' });
    expect(row.owner).not.toContain('store');
    expect(await readConnector(table, 'store')).toEqual(row);
  });

  it('given an id that is taken, then it is a conflict, also of two at once', async () => {
    await create({ id: 'store', description: 'the first' });
    await expect(create({ id: 'store' })).rejects.toMatchObject({ code: 'conflict', message: /store exists already/ });
    const outcomes = await Promise.allSettled([create({ id: 'twice' }), create({ id: 'twice' })]);
    const refused = outcomes.find((one) => one.status === 'rejected');
    expect(refused?.reason).toMatchObject({ code: 'conflict' });
    expect(outcomes.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    expect(await readConnector(table, 'store')).toMatchObject({ description: 'the first' });
  });

  it('seals the secrets for this owner and field, and no view has them', async () => {
    const row = await create({ id: 'store', config: { ...settings, session_token: 'a-token' } });
    expect(await unseal(row.secrets.secret_access_key, row.owner, 'secret_access_key')).toBe('first-secret');
    expect(await unseal(row.secrets.session_token, row.owner, 'session_token')).toBe('a-token');
    await expect(unseal(row.secrets.secret_access_key, 'another', 'secret_access_key')).rejects.toThrow();
    expect(JSON.stringify([row.config, connectorView(row)])).not.toMatch(/first-secret|a-token|secret|owner/);
  });
});

describe('replacing', () => {
  it('resets what the body leaves out, and keeps id, number, owner and creation', async () => {
    const extras = { description: 'd', tags: ['t'], icon: 'i', processor: { enabled: false, name: 's3' } };
    const before = await create({ id: 'store', ...extras, assets: { icons: { default: 'x' } } });
    now += 1000;
    const after = await put('store', { name: 'Renamed', id: 'other', number: 5, created: 'never' });
    expect(after).toEqual({
      ...before,
      ...{ name: 'Renamed', version: before.version + 1, updated: '2026-03-01T00:00:01.000Z' },
      ...{ description: undefined, tags: undefined, icon: undefined, assets: undefined },
      processor: { enabled: true, name: 's3' },
    });
    expect(await readConnector(table, 'store')).not.toHaveProperty('description');
  });

  it('keeps the settings and secrets when the body has no config', async () => {
    const before = await create({ id: 'store', config: settings });
    expect(await put('store', {})).toMatchObject({ config: before.config, secrets: before.secrets });
  });

  it('resets the settings that a given config leaves out, and keeps its secret', async () => {
    const before = await create({ id: 'store', config: { ...settings, prefix: 'a/', extensions: ['pdf'] } });
    const after = await put('store', { config: { ...block, bucket: 'photos' } });
    expect(after.config).toEqual({ ...block, bucket: 'photos' });
    expect(after.secrets).toEqual(before.secrets);
  });

  it('takes its own view back unchanged', async () => {
    const before = await create({ id: 'store', config: { ...settings, prefix: 'a/' }, tags: ['t'], url: 'u' });
    const view = { ...connectorView(before), schedule: {}, last_run: 5, health: null };
    const { version: _one, ...after } = await put('store', view);
    const { version: _other, ...expected } = before;
    expect(after).toEqual(expected);
  });

  it('given a missing one, then it is created only when asked to', async () => {
    await expect(put('store', {})).rejects.toMatchObject({ code: 'not_found' });
    const made = await replaceConnector(deps, 'store', parse({ id: 'other' }), { create: true });
    expect(made).toMatchObject({ created: true, row: { id: 'store', number: 1 } });
    expect((await replaceConnector(deps, 'store', parse({}), { create: true })).created).toBe(false);
    expect(await readConnector(table, 'other')).toBeUndefined();
  });

  it('given two at once, then one is a conflict and nothing is lost', async () => {
    const { version } = await create({ id: 'store' });
    const outcomes = await Promise.allSettled([put('store', { name: 'A' }), put('store', { name: 'B' })]);
    const refused = outcomes.filter((one) => one.status === 'rejected');
    expect(refused.map((one) => one.reason)).toMatchObject([{ code: 'conflict' }]);
    expect(await readConnector(table, 'store')).toMatchObject({ version: version + 1 });
  });

  it('given a row that was read before another change, then the store refuses it', async () => {
    const old = await create({ id: 'store' });
    await put('store', { name: 'Newer' });
    await expect(updateConnector(deps, old, { ...old, name: 'Older' })).rejects.toThrow();
    expect(await readConnector(table, 'store')).toMatchObject({ name: 'Newer' });
  });
});

describe('a stored secret', () => {
  test.each([
    ['bucket', { ...block, bucket: 'other' }],
    ['bucket', { ...block }],
    ['endpoint', { ...block, bucket: 'photos', endpoint: 'evil.example.com' }],
    ['access_key_id', { ...block, bucket: 'photos', access_key_id: 'KEY2' }],
    ['use_ssl', { ...block, bucket: 'photos', use_ssl: false }],
    ['region', { ...block, bucket: 'photos', region: 'eu-west-1' }],
    ['path_style', { ...block, bucket: 'photos', path_style: false }],
  ])('is asked for again when %s changes, and taken when given', async (field, config) => {
    const before = await create({ id: 'store', config: settings });
    const refused = put('store', { config });
    await expect(refused).rejects.toMatchObject({
      code: 'secret_required',
      message: expect.stringContaining(field),
      details: [{ path: 'config.secret_access_key', reason: expect.any(String) }],
    });
    await expect(refused).rejects.not.toThrow(/first-secret/);
    expect(await readConnector(table, 'store')).toEqual(before);
    const after = await put('store', { config: { ...config, secret_access_key: 'next-secret' } });
    expect(await unseal(after.secrets.secret_access_key, after.owner, 'secret_access_key')).toBe('next-secret');
  });

  it('of a datasource that inherits the bucket keeps the connector to that bucket', async () => {
    await create({ id: 'store', config: { bucket: 'photos' } });
    const before = await addDatasource({ ...block, secret_access_key: 'its-own' }, 'mixed');
    const refused = put('store', { config: { bucket: 'other' } });
    await expect(refused).rejects.toMatchObject({
      code: 'secret_required',
      message: /datasource mixed inherits it and has a secret of its own/,
      details: [{ path: 'config.bucket' }],
    });
    expect(await stored('mixed')).toEqual(before);
    await put('store', { name: 'Other', config: { bucket: 'photos', prefix: 'p/' } });
  });

  it('goes when the key id goes, and does not come back', async () => {
    await create({ id: 'store', config: settings });
    expect((await put('store', { config: { bucket: 'photos' } })).secrets).toEqual({});
    expect((await put('store', { config: { ...block, bucket: 'photos' } })).secrets).toEqual({});
  });

  it('takes its session token along when it is replaced, unless a new one comes with it', async () => {
    const first = await create({ id: 'store', config: { ...settings, session_token: 'a-token' } });
    const kept = await put('store', { config: { ...block, bucket: 'photos' } });
    expect(kept.secrets).toEqual(first.secrets);
    const both = { ...settings, secret_access_key: 'second', session_token: 'b-token' };
    const second = await put('store', { config: both });
    expect(await unseal(second.secrets.session_token, second.owner, 'session_token')).toBe('b-token');
    expect((await put('store', { config: { ...settings, secret_access_key: 'third' } })).secrets).not.toHaveProperty(
      'session_token',
    );
    await put('store', { config: both });
    const cleared = await put('store', { config: { ...block, bucket: 'photos', session_token: null } });
    expect(Object.keys(cleared.secrets)).toEqual(['secret_access_key']);
  });
});

describe('the datasources that inherit', () => {
  it('move to a new uid with the bucket, the endpoint or the region, and leave a mark for the purge', async () => {
    await create({ id: 'store', config: settings });
    const before = await addDatasource({}, 'inherits');
    const own = await addDatasource({ bucket: 'own-bucket' }, 'own');
    await put('store', { config: { ...settings, bucket: 'other' } });
    const moved = await stored('inherits');
    expect(moved.uid).not.toBe(before.uid);
    expect(moved).toMatchObject({ config_version: 2, version: before.version + 1, owner: before.owner });
    expect(await stored('own')).toEqual(own);
    expect(await marks()).toEqual([[before.uid, 'inherits']]);

    await put('store', { config: { ...settings, bucket: 'other', endpoint: 'two.example.com' } });
    const again = await stored('inherits');
    expect(new Set([before.uid, moved.uid, again.uid]).size).toBe(3);
    expect((await stored('own')).uid).not.toBe(own.uid);
    expect(await marks()).toHaveLength(3);
  });

  it('stay where they are when only names, secrets or filters change', async () => {
    await create({ id: 'store', config: settings });
    const before = await addDatasource({}, 'inherits');
    await put('store', { name: 'Other', config: { ...settings, secret_access_key: 'next', prefix: 'p/' } });
    expect(await stored('inherits')).toEqual(before);
    expect(await marks()).toEqual([]);
  });

  test.each([
    [{ endpoint: 'one.example.com', access_key_id: 'KEY1', secret_access_key: 's' }, 'config.bucket'],
    [{ ...settings, endpoint: '' }, 'config.endpoint'],
    [{ endpoint: 'one.example.com', bucket: 'photos' }, 'config.access_key_id'],
  ])('given %j would leave one without a whole scope, then it is refused and nothing changes', async (config, path) => {
    const before = await create({ id: 'store', config: settings });
    await addDatasource({}, 'inherits');
    const refused = put('store', { config });
    await expect(refused).rejects.toMatchObject({ code: 'invalid_request', message: /datasource inherits/ });
    const paths = await refused.catch((error: Failure) => error.details.map((detail) => detail.path));
    expect(paths).toContain(path);
    expect(await readConnector(table, 'store')).toEqual(before);
  });

  it('given one is changed while the connector is, then the change of the connector stands and both hold', async () => {
    await create({ id: 'store', config: settings });
    const before = await addDatasource({}, 'inherits');
    table.beforeWrite = async (writes) => {
      const moves = writes.some((write) => 'put' in write && write.put.pk === 'purge');
      if (!moves) return;
      table.beforeWrite = undefined;
      const row = await stored('inherits');
      await updateDatasource(deps, row, { ...row, description: 'changed meanwhile' });
    };
    await put('store', { config: { ...settings, bucket: 'other' } });
    expect(await readConnector(table, 'store')).toMatchObject({ config: { bucket: 'other' } });
    expect(await stored('inherits')).toMatchObject({ description: 'changed meanwhile' });
    expect((await stored('inherits')).uid).not.toBe(before.uid);
    expect((await marks()).map(([uid]) => uid)).toContain(before.uid);
  });
});

describe('deleting', () => {
  it('removes it, and its id may be used again under another number and owner', async () => {
    const before = await create({ id: 'store' });
    await deleteConnector(deps, 'store');
    expect(await readConnector(table, 'store')).toBeUndefined();
    await expect(deleteConnector(deps, 'store')).rejects.toMatchObject({ code: 'not_found' });
    const after = await create({ id: 'store' });
    expect(after.number).toBe(2);
    expect(after.owner).not.toBe(before.owner);
  });

  it('given datasources that use it, then it says how many', async () => {
    await create({ id: 'store', config: settings });
    await addDatasource({}, 'one');
    await expect(deleteConnector(deps, 'store')).rejects.toMatchObject({
      code: 'in_use',
      message: /^1 datasource uses/,
    });
    await addDatasource({}, 'two');
    await expect(deleteConnector(deps, 'store')).rejects.toMatchObject({ message: /^2 datasources use/ });
  });

  it('given it is changed at the same moment, then it is a conflict', async () => {
    await create({ id: 'store' });
    table.beforeWrite = async () => {
      table.beforeWrite = undefined;
      await put('store', { name: 'Changed' });
    };
    await expect(deleteConnector(deps, 'store')).rejects.toMatchObject({ code: 'conflict' });
    expect(await readConnector(table, 'store')).toMatchObject({ name: 'Changed' });
  });
});

describe('the body', () => {
  const detailsOf = (body: object) => {
    try {
      parseInput(connectorInput, body, 'the connector');
    } catch (error) {
      if (error instanceof Failure) return error.details;
    }
    throw new Error('it was accepted');
  };
  const many = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`);

  test.each([
    [{ id: 'a'.repeat(64) }],
    [{ tags: many(100) }],
    [{ processor: {} }],
    [{ processor: { max_running_timeout_in_seconds: 60 } }],
    [{ processor: { max_running_timeout_in_seconds: 604_800 } }],
    [{ name: 'n'.repeat(256), description: 'd'.repeat(4096) }],
    [{ assets: { icons: Object.fromEntries(many(50).map((name) => [name, 'icon'])) } }],
  ])('given %j, then it is taken', (body) => {
    expect(() => parse(body)).not.toThrow();
  });

  test.each([
    [{ name: ' ' }, 'name', 'must not be empty'],
    [{ name: undefined }, 'name', 'is required'],
    [{ name: 5 }, 'name', 'must be a text'],
    [{ name: 'n'.repeat(257) }, 'name', 'at most 256'],
    [{ id: '_search' }, 'id', 'must be 1–64'],
    [{ id: 'a/b' }, 'id', 'must be 1–64'],
    [{ id: '' }, 'id', 'must be 1–64'],
    [{ id: 'a\n' }, 'id', 'must be 1–64'],
    [{ id: 'a'.repeat(65) }, 'id', 'must be 1–64'],
    [{ description: 'd'.repeat(4097) }, 'description', 'at most 4,096'],
    [{ tags: many(101) }, 'tags', 'at most 100'],
    [{ tags: ['ok', 't'.repeat(129)] }, 'tags.1', 'at most 128'],
    [{ processor: { name: 'google_drive' } }, 'processor.name', 'must be "s3"'],
    [{ processor: { max_running_timeout_in_seconds: 59 } }, 'processor.max_running_timeout_in_seconds', '60'],
    [{ processor: { max_running_timeout_in_seconds: 604_801 } }, 'processor.max_running_timeout_in_seconds', '604,800'],
    [{ processor: { max_running_timeout_in_seconds: 60.5 } }, 'processor.max_running_timeout_in_seconds', 'whole'],
    [{ processor: { speed: 1 } }, 'processor.speed', 'not a known field'],
    [{ assets: { icons: Object.fromEntries(many(51).map((name) => [name, ''])) } }, 'assets.icons', 'at most 50'],
    [{ assets: { icons: { '': 'x' } } }, 'assets.icons', 'names of 1–128'],
    [{ config: { bucket: '..' } }, 'config.bucket', 'must be a bucket name'],
    [{ config: { colour: 'red' } }, 'config.colour', 'not a known field'],
    [{ colour: 'red' }, 'colour', 'not a known field'],
  ])('given %j, then the fault is at %s and says %j', (body, path, words) => {
    expect(detailsOf({ name: 'Store', ...body })).toEqual([{ path, reason: expect.stringContaining(words) }]);
  });

  it('given a very long unknown name, then the error does not echo all of it', () => {
    expect(detailsOf({ name: 'Store', ['x'.repeat(5000)]: 1 })[0]?.path.length).toBe(78);
  });
});
