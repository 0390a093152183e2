import { beforeEach, describe, expect, it, test } from 'vitest';
import { createRandomIds } from '#adapters/process/random-ids.ts';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { Failure } from '#core/model/errors.ts';
import { parseInput } from '#core/model/parse-input.ts';
import { deleteDatasource } from '#core/registry/changes/delete-datasource.ts';
import { createConnector, replaceConnector } from '#core/registry/changes/save-connector.ts';
import { createDatasource, replaceDatasource, updateDatasourceFields } from '#core/registry/changes/save-datasource.ts';
import { connectorInput } from '#core/registry/connector.ts';
import { datasourceInput, datasourcePatch, datasourceView } from '#core/registry/datasource.ts';
import { listDatasources, readDatasource, updateDatasource } from '#core/registry/datasource-store.ts';
import { effectiveConfig } from '#core/registry/effective-config.ts';
import { collect } from '#support/collect.ts';
import { type CountingTable, countWrites } from '#support/counting-table.ts';
import { anyRole } from '#support/fake-roles.ts';
import { somebody } from '#support/somebody.ts';
import { openVault } from '#support/sync-world.ts';
import extensions from '../../../vectors/extensions.json' with { type: 'json' };

const settings = {
  ...{ bucket: 'photos', endpoint: 'one.example.com' },
  ...{ access_key_id: 'KEY1', secret_access_key: 'first-secret' },
};
const { secret_access_key: _secret, ...settingsAtRest } = settings;

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

type Body = { config?: object; connector?: string; [field: string]: unknown };
const whole = ({ config = settings, connector = 's3', ...rest }: Body) => {
  const body = { type: 'connector', name: 'Photos', connector: { id: connector, config }, ...rest };
  return parseInput(datasourceInput, body, 'the datasource');
};
const create = (body: Body = {}) => createDatasource(deps, whole(body));
const replace = async (id: string, body: Body = {}) => (await replaceDatasource(deps, id, whole(body))).row;
const patch = (id: string, body: object) =>
  updateDatasourceFields(deps, id, parseInput(datasourcePatch, body, 'the datasource'));
const read = async (id: string) => (await readDatasource(table, id))!;
const marks = async () => (await collect(table.query({ pk: 'purge' }))).map((mark) => [mark.sk, mark.datasource]);
const openSecret = async (id: string, field: 'secret_access_key' | 'session_token' = 'secret_access_key') => {
  const row = await read(id);
  return openVault.open(row.secrets[field] ?? '', { kind: 'datasource', uid: row.owner, field });
};
const addStore = (config: object = settings, id = 'store') =>
  createConnector(deps, parseInput(connectorInput, { id, name: 'Store', config }, 'the connector'));

describe('creating', () => {
  it('is on from the start, syncs by hand unless told otherwise, and gets a number', async () => {
    const row = await create();
    expect(row).toMatchObject({
      id: '1',
      number: 1,
      version: Date.parse(row.created),
      config_version: 1,
      enabled: true,
    });
    expect(row.sync).toMatchObject({ strategy: 'manual', enabled: true });
    expect(row).toMatchObject({ created: '2026-03-01T00:00:00.000Z', updated: '2026-03-01T00:00:00.000Z' });
    expect(await read('1')).toEqual(row);
  });

  it('gives uid and owner of their own, which no view shows', async () => {
    const [one, other] = [await create(), await create()];
    expect(new Set([one.uid, one.owner, other.uid, other.owner]).size).toBe(4);
    const shown = JSON.stringify(datasourceView(one));
    for (const hidden of [one.uid, one.owner, one.target, 'anchor', 'config_version', 'secret']) {
      expect(shown).not.toContain(hidden);
    }
  });

  it('seals the secrets for this owner and field', async () => {
    const row = await create({ id: 'photos', config: { ...settings, session_token: 'a-token' } });
    expect(await openSecret('photos')).toBe('first-secret');
    expect(await openSecret('photos', 'session_token')).toBe('a-token');
    expect(JSON.stringify(row.connector)).not.toMatch(/first-secret|a-token|secret_access_key|session_token/);
    for (const context of [
      { kind: 'connector', uid: row.owner, field: 'secret_access_key' },
      { kind: 'datasource', uid: row.uid, field: 'secret_access_key' },
      { kind: 'datasource', uid: row.owner, field: 'session_token' },
    ]) {
      await expect(openVault.open(row.secrets.secret_access_key!, context)).rejects.toThrow();
    }
  });

  it('given an id that is taken, then it is a conflict, also of two at once', async () => {
    await create({ id: 'photos' });
    await expect(create({ id: 'photos' })).rejects.toMatchObject({
      code: 'conflict',
      message: /photos exists already/,
    });
    const outcomes = await Promise.allSettled([create({ id: 'twice' }), create({ id: 'twice' })]);
    expect(outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))).toEqual(['conflict']);
  });

  it('given many at once, then each has a number of its own', async () => {
    const rows = await Promise.all(Array.from({ length: 20 }, () => create()));
    expect(new Set(rows.map((row) => row.number)).size).toBe(20);
    expect(await collect(listDatasources(table))).toHaveLength(20);
  });

  it('given a connector that does not exist, then the reason says so and nothing is stored', async () => {
    await expect(create({ connector: 'nowhere' })).rejects.toMatchObject({
      code: 'invalid_request',
      details: [{ path: 'connector.id', reason: expect.stringContaining('there is no connector "nowhere"') }],
    });
    expect(table.writes).toBe(0);
  });

  it('given settings that lack something, then each is told and nothing is stored', async () => {
    const refused = create({ config: { bucket: 'photos' } });
    const paths = await refused.catch((error: Failure) => error.details.map((detail) => detail.path));
    expect(paths).toEqual(['endpoint', 'access_key_id', 'secret_access_key'].map((name) => `connector.config.${name}`));
    expect(table.writes).toBe(0);
  });
});

describe('merging', () => {
  const full = {
    ...{ id: 'photos', description: 'd', icon: 'i', category: 'c', tags: ['t'], enabled: false },
    sync: { interval: '5m', page_size: 100, enabled: false },
    config: { ...settings, prefix: 'p/', extensions: ['pdf'], include: ['a'], exclude: ['b'] },
  };

  it('given nothing, then nothing is written, the time of the update neither', async () => {
    const before = await create(full);
    now += 1000;
    expect(await patch('photos', {})).toEqual(before);
    expect(await readDatasource(table, 'photos')).toEqual(before);
  });

  it('given one field of a group, then the others of the group stay', async () => {
    const before = await create(full);
    const after = await patch('photos', {
      description: 'new',
      sync: { page_size: 5 },
      connector: { config: { prefix: 'q/' } },
    });
    expect(after).toMatchObject({ description: 'new', icon: 'i', enabled: false, tags: ['t'] });
    expect(after.sync).toEqual({ ...before.sync, page_size: 5 });
    expect(after.connector).toEqual({ id: 's3', config: { ...before.connector.config, prefix: 'q/' } });
    expect(after.secrets).toEqual(before.secrets);
  });

  it('given null or an empty list, then the list is cleared', async () => {
    await create(full);
    const after = await patch('photos', { connector: { config: { extensions: null, include: [] } }, tags: [] });
    expect(after.connector.config).toEqual({ ...settingsAtRest, prefix: 'p/', include: [], exclude: ['b'] });
    expect(after.tags).toEqual([]);
    expect(await read('photos')).toEqual(after);
  });

  it('given its own view with what is read-only, then all stays, whatever the read-only fields say', async () => {
    const before = await create(full);
    const view = {
      ...datasourceView(before),
      number: 99,
      created: 'x',
      updated: 'y',
      builtin: true,
      schedule: { a: 1 },
    };
    const after = await patch('photos', { ...view, id: 'other', last_run: null, health: 'bad' });
    expect(after).toEqual(before);
    expect(await readDatasource(table, 'other')).toBeUndefined();
  });

  it('given a missing one, then it is not found, and is not created', async () => {
    await expect(patch('photos', { name: 'x' })).rejects.toMatchObject({ code: 'not_found' });
    expect(await readDatasource(table, 'photos')).toBeUndefined();
  });

  it('given what cannot be kept, then the row stays as it was', async () => {
    const before = await create(full);
    await expect(patch('photos', { name: 'x', sync: { interval: '45s' } })).rejects.toMatchObject({
      code: 'invalid_request',
      details: [{ path: 'sync.interval' }],
    });
    expect(await read('photos')).toEqual(before);
  });
});

describe('a filter that is hardly what was meant', () => {
  const { refused } = extensions;
  const problem = (saving: Promise<unknown>) =>
    saving.then(
      () => [],
      ({ code, details }: Failure) => [code, ...details.map(({ path }) => path)],
    );

  test.each(refused)(
    'given the extension %j, then it is refused wherever it is saved, and nothing is stored',
    async (text) => {
      const config = { ...settings, extensions: ['pdf', text] };
      const saving = async (save: () => Promise<unknown>) => problem(save());
      const at = (prefix: string) => ['invalid_request', `${prefix}config.extensions.1`];
      const parsedAt = ['invalid_request', 'connector.config.extensions.1'];
      expect(await problem(Promise.resolve().then(() => create({ config })))).toEqual(parsedAt);
      expect(await saving(async () => addStore(config))).toEqual(at(''));
      expect(table.writes).toBe(0);
    },
  );

  it('given ** beside other characters, then the right spelling is told, in include and in exclude', async () => {
    const config = { ...settings, include: ['docs/**', '**.csv'], exclude: ['tmp/**.log'] };
    await expect(create({ config })).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('**/*.csv'),
      details: [
        { path: 'connector.config.include.1', reason: expect.stringContaining('**/*.csv for that in any folder') },
        { path: 'connector.config.exclude.0', reason: expect.stringContaining('tmp/**/*.log for that in any folder') },
      ],
    });
  });

  it('given one that is stored from before, then it may be sent back, kept or dropped, but not joined by another', async () => {
    const row = await create({ id: 'photos' });
    const former = { extensions: ['p*f'], include: ['**.csv'], exclude: ['tmp**'] };
    const config = { ...row.connector.config, ...former };
    await updateDatasource(deps, row, { ...row, connector: { id: 's3', config } }, []);

    expect((await patch('photos', { name: 'renamed' })).connector.config).toMatchObject(former);
    expect((await patch('photos', { connector: { config: former } })).connector.config).toMatchObject(former);
    expect((await replace('photos', { config: { ...settings, ...former } })).connector.config).toMatchObject(former);
    const more = patch('photos', { connector: { config: { include: ['**.csv', '**.tsv'] } } });
    expect(await problem(more)).toEqual(['invalid_request', 'connector.config.include.1']);
    expect(
      (await patch('photos', { connector: { config: { include: null } } })).connector.config.include,
    ).toBeUndefined();
    expect(await problem(patch('photos', { connector: { config: { include: ['**.csv'] } } }))).toHaveLength(2);
  });
});

describe('replacing', () => {
  it('resets what the body leaves out, and keeps id, number, owner, creation and secret', async () => {
    const before = await create({
      ...{ id: 'photos', description: 'd', tags: ['t'], enabled: false, sync: { interval: '5m', page_size: 9 } },
      config: { ...settings, prefix: 'p/', extensions: ['pdf'] },
    });
    const { secret_access_key: _secret, ...config } = settings;
    now += 1000;
    const after = await replace('photos', { config });
    expect(after).toMatchObject({
      id: 'photos',
      number: 1,
      version: before.version + 1,
      enabled: true,
      config_version: 2,
    });
    expect(after).toMatchObject({ owner: before.owner, uid: before.uid, created: before.created });
    expect(after.sync).toMatchObject({ strategy: 'manual', enabled: true, page_size: undefined });
    expect([after.description, after.tags]).toEqual([undefined, undefined]);
    expect(after.connector.config).toEqual(settingsAtRest);
    expect(after.secrets).toEqual(before.secrets);
    expect(await openSecret('photos')).toBe('first-secret');
  });

  it('creates a missing one under the id of the path, not of the body', async () => {
    const made = await replaceDatasource(deps, 'photos', whole({ id: 'other' }));
    expect(made).toMatchObject({ created: true, row: { id: 'photos', version: Date.parse(made.row.created) } });
    expect((await replaceDatasource(deps, 'photos', whole({}))).created).toBe(false);
  });

  it('keeps the anchor of the same schedule, in whatever words', async () => {
    await create({ id: 'photos', sync: { interval: '1h' } });
    now += 5000;
    expect((await replace('photos', { sync: { interval: '60m' } })).sync.anchor).toBe(now - 5000);
    expect((await replace('photos', { sync: { interval: '2h' } })).sync.anchor).toBe(now);
  });
});

describe('a time zone in a spelling that was taken before', () => {
  it('may be read and saved as it is, merged or as a whole', async () => {
    const row = await create({ id: 'photos', sync: { cron: '0 6 * * *', timezone: 'Asia/Kolkata' } });
    const sync = { ...row.sync, timezone: 'asia/kolkata' };
    await updateDatasource(deps, row, { ...row, sync }, []);
    const { sync: shown } = datasourceView(await read('photos')) as { sync: object };
    expect((await patch('photos', { sync: shown })).sync).toEqual(sync);
    expect((await replace('photos', { sync: shown })).sync).toMatchObject({ timezone: 'asia/kolkata' });
    await expect(patch('photos', { sync: { timezone: 'us/pacific' } })).rejects.toMatchObject({
      code: 'invalid_request',
      details: [{ path: 'sync.timezone', reason: 'is spelt "US/Pacific" by IANA: write it so' }],
    });
  });
});

describe('a stored secret', () => {
  beforeEach(async () => {
    await create({ id: 'photos', config: { ...settings, session_token: 'a-token' } });
  });

  test.each([
    ['bucket', { bucket: 'other' }],
    ['endpoint', { endpoint: 'evil.example.com' }],
    ['access_key_id', { access_key_id: 'KEY2' }],
    ['endpoint', { endpoint: '', region: 'eu-west-1' }],
    ['use_ssl', { use_ssl: false }],
    ['region', { region: 'eu-west-1' }],
    ['path_style', { path_style: false }],
  ])('is asked for again when %s changes', async (field, config) => {
    const before = await read('photos');
    const refusal = {
      code: 'secret_required',
      message: expect.stringContaining(field),
      details: [{ path: 'connector.config.secret_access_key', reason: expect.any(String) }],
    };
    await expect(patch('photos', { connector: { config } })).rejects.toMatchObject(refusal);
    await expect(
      patch('photos', { connector: { config: { ...config, session_token: 'c-token' } } }),
    ).rejects.toMatchObject(refusal);
    const { secret_access_key: _secret, ...kept } = settings;
    await expect(replace('photos', { config: { ...kept, ...config } })).rejects.toMatchObject(refusal);
    expect(await read('photos')).toEqual(before);

    await patch('photos', { connector: { config: { ...config, secret_access_key: 'second' } } });
    expect(await openSecret('photos')).toBe('second');
    expect((await read('photos')).secrets).not.toHaveProperty('session_token');
  });

  it('stays with its token through changes that do not touch it', async () => {
    const sameWay = { bucket: 'photos', use_ssl: true, path_style: true, region: '' };
    await patch('photos', { connector: { config: { ...sameWay, prefix: 'x/', list_version: 1 } } });
    expect([await openSecret('photos'), await openSecret('photos', 'session_token')]).toEqual([
      'first-secret',
      'a-token',
    ]);
  });

  test.each([
    [{ use_ssl: false }, { use_ssl: true }, 'use_ssl'],
    [{ use_ssl: false }, {}, 'use_ssl'],
    [{ region: 'eu-west-1' }, { region: 'eu-west-2' }, 'region'],
    [{ region: 'eu-west-1' }, { region: '' }, 'region'],
    [{ path_style: false }, { path_style: true }, 'path_style'],
    [{ path_style: false }, {}, 'path_style'],
  ])(
    'given %j, then the whole with %j instead needs it again, or is sent in another way',
    async (before, after, field) => {
      await create({ id: 'other', config: { ...settings, ...before } });
      const { secret_access_key: _secret, ...kept } = settings;
      const replaced = replace('other', { config: { ...kept, ...after } });
      await expect(replaced).rejects.toMatchObject({
        code: 'secret_required',
        message: expect.stringContaining(field),
      });
      const row = await replace('other', { config: { ...kept, ...before } });
      expect(row.secrets).toEqual((await read('other')).secrets);
      await replace('other', { config: { ...settings, ...after } });
    },
  );

  test.each([
    [{ endpoint: 's3.eu-west-1.amazonaws.com' }, { region: 'eu-west-1', path_style: false }],
    [{ endpoint: '', region: 'eu-west-1' }, { path_style: false }],
    [{ endpoint: '', region: 'eu-west-1', bucket: 'with.dot' }, { path_style: true }],
  ])('given %j, then %j says only what holds already', async (before, said) => {
    await create({ id: 'other', config: { ...settings, ...before } });
    const { secrets } = await read('other');
    expect(await patch('other', { connector: { config: said } })).toMatchObject({ secrets });
  });

  it('given the bucket is inherited, then another connector with another bucket needs it again', async () => {
    const { bucket: _bucket, ...own } = settings;
    await addStore();
    await addStore({ bucket: 'other' }, 'other');
    await addStore({ bucket: 'photos' }, 'same');
    await create({ id: 'inherits', connector: 'store', config: own });
    const moved = patch('inherits', { connector: { id: 'other' } });
    await expect(moved).rejects.toMatchObject({ code: 'secret_required', message: /other has another bucket/ });
    await patch('inherits', { connector: { id: 'same' } });
    await patch('inherits', { connector: { id: 'other', config: { secret_access_key: 'again' } } });
    expect(await openSecret('inherits')).toBe('again');
  });

  it('can lose its token alone, or get another', async () => {
    await patch('photos', { connector: { config: { session_token: 'b-token' } } });
    expect(await openSecret('photos', 'session_token')).toBe('b-token');
    await patch('photos', { connector: { config: { session_token: null } } });
    expect(Object.keys((await read('photos')).secrets)).toEqual(['secret_access_key']);
    expect(await openSecret('photos')).toBe('first-secret');
  });

  it('is not overwritten by a mask', () => {
    expect(() => patch('photos', { connector: { config: { secret_access_key: '********' } } })).toThrow(Failure);
  });

  it('is dropped by a replacement that inherits from a connector', async () => {
    await addStore({ ...settings, secret_access_key: 'of-the-connector' });
    expect((await replace('photos', { connector: 'store', config: {} })).secrets).toEqual({});
  });
});

describe('what is inherited', () => {
  it('is not mixed with an endpoint or key of its own', async () => {
    await addStore();
    await create({ id: 'photos', connector: 'store', config: {} });
    for (const config of [{ endpoint: 'evil.example.com' }, { access_key_id: 'KEY2' }, { use_ssl: false }]) {
      await expect(patch('photos', { connector: { config } })).rejects.toMatchObject({ code: 'invalid_request' });
    }
    await expect(patch('photos', { connector: { config: { session_token: 'mine' } } })).rejects.toMatchObject({
      code: 'invalid_request',
    });
    expect((await read('photos')).connector.config).toEqual({});
  });

  it('changes with the connector a datasource is given, and no secret crosses over', async () => {
    await addStore();
    const other = await addStore({ ...settings, bucket: 'other', secret_access_key: 'of-the-other' }, 'other');
    const before = await create({ id: 'photos', connector: 'store', config: {} });
    const after = await patch('photos', { connector: { id: 'other' } });
    expect(after.uid).not.toBe(before.uid);
    expect(await marks()).toEqual([[before.uid, 'photos']]);
    const { credentials } = effectiveConfig(other, { ...after, config: after.connector.config });
    expect(credentials).toMatchObject({ secrets: other.secrets, secretOwner: { uid: other.owner } });
    expect((await patch('photos', { name: 'x' })).connector.id).toBe('other');
  });

  it('given the connector is gone or unknown, then a change that names it is refused', async () => {
    await create({ id: 'photos' });
    await expect(patch('photos', { connector: { id: 'nowhere' } })).rejects.toMatchObject({
      details: [{ path: 'connector.id' }],
    });
  });
});

describe('uid and purge mark', () => {
  it.each([{ bucket: 'other' }, { endpoint: 'two.example.com' }])(
    'change with %j, in one write with the row and the audit',
    async (config) => {
      const before = await create({ id: 'photos' });
      table.beforeWrite = (writes) => {
        expect(writes).toHaveLength(3);
      };
      const after = await patch('photos', { connector: { config: { ...config, secret_access_key: 'again' } } });
      expect(after.uid).not.toBe(before.uid);
      expect(after.owner).toBe(before.owner);
      expect(await marks()).toEqual([[before.uid, 'photos']]);
    },
  );

  it('given it moves away and back, then it starts anew', async () => {
    const first = await create({ id: 'photos' });
    await patch('photos', { connector: { config: { bucket: 'other', secret_access_key: 's' } } });
    const back = await patch('photos', { connector: { config: { bucket: 'photos', secret_access_key: 's' } } });
    expect(back.uid).not.toBe(first.uid);
    expect(await marks()).toHaveLength(2);
  });

  it('stay when anything else changes', async () => {
    const { uid } = await create({ id: 'photos' });
    const way = { region: 'eu-west-1', use_ssl: false, path_style: false, list_version: 1, secret_access_key: 's' };
    const config = { ...way, prefix: 'p/', endpoint: 'one.example.com' };
    expect((await patch('photos', { name: 'n', connector: { config } })).uid).toBe(uid);
    expect(await marks()).toEqual([]);
  });

  it("stay when the bucket's owner is told, changed or left out, for the same is catalogued", async () => {
    const onAws = { ...settings, endpoint: 's3.eu-west-1.amazonaws.com' };
    const { uid, config_version } = await create({ id: 'photos', config: onAws });
    for (const expected_bucket_owner of ['111122223333', '444455556666', null]) {
      const row = await patch('photos', { connector: { config: { expected_bucket_owner } } });
      expect([row.uid, row.config_version]).toEqual([uid, config_version]);
      expect(row.connector.config.expected_bucket_owner ?? null).toBe(expected_bucket_owner);
    }
    expect(await marks()).toEqual([]);
  });

  it('given an owner for a bucket that is not at AWS, then it is refused, here and on a connector', async () => {
    await create({ id: 'photos' });
    const change = patch('photos', { connector: { config: { expected_bucket_owner: '111122223333' } } });
    await expect(change).rejects.toMatchObject({
      code: 'invalid_request',
      details: [{ path: 'connector.config.expected_bucket_owner' }],
    });
    const store = async () => await addStore({ ...settings, expected_bucket_owner: '111122223333' });
    await expect(store()).rejects.toMatchObject({ details: [{ path: 'config.expected_bucket_owner' }] });
  });

  it('given it is deleted, then it is gone at once, its data is marked and its number is not given again', async () => {
    const { uid } = await create({ id: 'photos' });
    const sent: unknown[] = [];
    await deleteDatasource({ ...deps, queue: { send: async (message) => void sent.push(message) } }, 'photos');
    expect(await readDatasource(table, 'photos')).toBeUndefined();
    expect([await marks(), sent]).toEqual([[[uid, 'photos']], [{ type: 'purge', uid }]]);
    expect(await create({ id: 'photos' })).toMatchObject({ number: 2, config_version: 1 });
    expect((await read('photos')).uid).not.toBe(uid);
  });
});

describe('the config version', () => {
  beforeEach(async () => {
    await addStore({ ...settings, prefix: 'inherited/' });
    await addStore({ ...settings, prefix: 'other/' }, 'other');
    await create({ id: 'photos', connector: 'store', config: {}, sync: { interval: '1h' } });
    await create({ id: 'own', sync: { interval: '1h' } });
  });

  test.each<[string, object]>([
    ['own', { connector: { config: { prefix: 'p/' } } }],
    ['own', { connector: { config: { extensions: ['pdf'] } } }],
    ['own', { connector: { config: { include: ['a'] } } }],
    ['own', { connector: { config: { exclude: ['a'] } } }],
    ['own', { connector: { config: { bucket: 'other', secret_access_key: 's' } } }],
    ['own', { enabled: false }],
    ['own', { sync: { enabled: false } }],
    ['own', { sync: { interval: '2h' } }],
    ['own', { sync: { strategy: 'manual' } }],
    ['own', { sync: { cron: '0 6 * * *' } }],
    ['photos', { connector: { id: 'other' } }],
  ])('of %s grows by one with %j', async (id, change) => {
    expect((await patch(id, change)).config_version).toBe(2);
    expect((await patch(id, change)).config_version).toBe('secret_access_key' in change ? 3 : 2);
  });

  test.each<object>([
    {},
    { name: 'n', description: 'd', tags: ['t'], icon: 'i', category: 'c' },
    { connector: { config: { secret_access_key: 'next' } } },
    { connector: { config: { use_ssl: false, path_style: false, list_version: 2, secret_access_key: 's' } } },
    { connector: { config: { access_key_id: 'KEY2', secret_access_key: 's' } } },
    { connector: { config: { extensions: [], include: null } } },
    { sync: { page_size: 7 } },
    { sync: { interval: '60m' }, enabled: true },
    { connector: { id: 's3' } },
  ])('stays with %j, and so does the anchor', async (change) => {
    const before = await read('own');
    now += 5000;
    const after = await patch('own', change);
    expect([after.config_version, after.sync.anchor]).toEqual([before.config_version, before.sync.anchor]);
  });

  it('given a connector that left it without a whole scope, then the change that mends it grows it', async () => {
    const connector = { id: 'bare', name: 'n', config: {} };
    await createConnector(deps, parseInput(connectorInput, connector, 'the connector'));
    const row = await read('photos');
    await updateDatasource(deps, row, { ...row, connector: { id: 'bare', config: {} } });
    expect((await patch('photos', { connector: { config: settings } })).config_version).toBe(2);
  });

  it('given only an anchor would change, then a switched-on schedule counts from now', async () => {
    await patch('own', { sync: { enabled: false } });
    now += 5000;
    expect((await patch('own', { sync: { enabled: true } })).sync.anchor).toBe(now);
  });
});

describe('two writers', () => {
  it('given both read the same row, then one is a conflict and the other stands', async () => {
    const { version } = await create({ id: 'photos' });
    const changes = [{ description: 'one' }, { category: 'two' }, { icon: 'three' }];
    const outcomes = await Promise.allSettled(changes.map((change) => patch('photos', change)));
    const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(refused).toMatchObject([{ code: 'conflict' }, { code: 'conflict' }]);
    expect(await read('photos')).toMatchObject({ version: version + 1 });
  });

  it('given one replaces or deletes while another merges, then nothing is lost unseen', async () => {
    await create({ id: 'photos' });
    const race = (other: () => Promise<unknown>) => {
      table.beforeWrite = async () => {
        table.beforeWrite = undefined;
        await other();
      };
      return patch('photos', { description: 'merged' });
    };
    await expect(race(() => replace('photos', { category: 'replaced' }))).rejects.toMatchObject({ code: 'conflict' });
    expect(await read('photos')).toMatchObject({ category: 'replaced' });
    const queue = { send: async () => undefined };
    await expect(race(() => deleteDatasource({ ...deps, queue }, 'photos'))).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(await readDatasource(table, 'photos')).toBeUndefined();
  });

  it('given a delete of a row that changes meanwhile, then it is a conflict and the row stays', async () => {
    await create({ id: 'photos' });
    table.beforeWrite = async () => {
      table.beforeWrite = undefined;
      await patch('photos', { description: 'kept' });
    };
    const queue = { send: async () => undefined };
    await expect(deleteDatasource({ ...deps, queue }, 'photos')).rejects.toMatchObject({ code: 'conflict' });
    expect([await read('photos'), await marks()]).toMatchObject([{ description: 'kept' }, []]);
  });

  it('given the connector moves while a datasource is moved by hand, then the later one sees it', async () => {
    await addStore();
    await create({ id: 'photos', connector: 'store', config: {} });
    const moved = { id: 'store', name: 'Store', config: { ...settings, bucket: 'other' } };
    await replaceConnector(deps, 'store', parseInput(connectorInput, moved, 'the connector'), { create: false });
    expect((await patch('photos', { name: 'x' })).uid).toBe((await read('photos')).uid);
    expect(await marks()).toHaveLength(1);
  });
});

describe('the body', () => {
  const base = { type: 'connector', name: 'n', connector: { id: 's3', config: settings } };
  const detailsOf = (schema: typeof datasourceInput | typeof datasourcePatch, body: object) => {
    try {
      parseInput(schema, body, 'the datasource');
    } catch (error) {
      if (error instanceof Failure) return error.details;
    }
    throw new Error('it was accepted');
  };

  test.each([
    [{ type: 'webhook' }, 'type', 'must be "connector"'],
    [{ name: '' }, 'name', 'must not be empty'],
    [{ id: '../x' }, 'id', 'must be 1–64'],
    [{ enabled: 'yes' }, 'enabled', 'must be true or false'],
    [{ tags: ['t'.repeat(129)] }, 'tags.0', 'at most 128'],
    [{ tags: Array.from({ length: 101 }, () => 't') }, 'tags', 'at most 100'],
    [{ webhook: { enabled: true } }, 'webhook.enabled', 'filled by syncing'],
    [{ enrichment_pipeline: 'summarise' }, 'enrichment_pipeline', 'must be an object such as {"processor"'],
    [{ enrichment_pipeline: { processor: [] } }, 'enrichment_pipeline.processor', 'at least one step'],
    [{ enrichment_pipeline: { processor: ['s3_head'] } }, 'enrichment_pipeline.processor.0', 'must be {"s3_head":{}}'],
    [{ enrichment_pipeline: { processor: [{}] } }, 'enrichment_pipeline.processor.0', 'must be {"s3_head":{}}'],
    [
      { enrichment_pipeline: { processor: [{ s3_head: {}, s3_tags: {} }] } },
      'enrichment_pipeline.processor.0',
      'must be {"s3_head":{}}',
    ],
    [
      { enrichment_pipeline: { processor: [{ s3_tags: { all: true } }] } },
      'enrichment_pipeline.processor.0.s3_tags.all',
      'not a known field',
    ],
    [
      { enrichment_pipeline: { processor: [{ s3_head: {} }, { s3_head: {} }] } },
      'enrichment_pipeline.processor',
      'each step once',
    ],
    [{ connector: { id: '' } }, 'connector.id', 'must be 1–64'],
    [{ connector: { id: 's3', secret: 'x' } }, 'connector.secret', 'not a known field'],
    [{ connector: { id: 's3', config: { bucket: '..' } } }, 'connector.config.bucket', 'must be a bucket name'],
    [{ connector: { id: 's3', config: { secret_access_key: '***' } } }, 'connector.config.secret_access_key', 'mask'],
    [{ colour: 'red' }, 'colour', 'not a known field'],
  ])('given %j, then the fault is at %s and says %j, for a whole one and for a change', (body, path, words) => {
    const fault = [{ path, reason: expect.stringContaining(words) }];
    expect(detailsOf(datasourceInput, { ...base, ...body })).toEqual(fault);
    expect(detailsOf(datasourcePatch, body)).toEqual(fault);
  });

  it('given nothing at all, then a whole one names all that it needs and a change needs nothing', () => {
    expect(detailsOf(datasourceInput, {}).map((one) => one.path)).toEqual(['type', 'name', 'connector']);
    expect(parseInput(datasourcePatch, {}, 'the datasource')).toEqual({});
  });

  test.each([
    { webhook: { enabled: false } },
    { webhook: {} },
    { enrichment_pipeline: '' },
    { enrichment_pipeline: null },
  ])('given %j, which changes nothing, then it is taken and not stored', async (body) => {
    const row = await create(body);
    expect(Object.keys(row)).not.toEqual(expect.arrayContaining(['webhook']));
    expect(Object.keys(row)).not.toEqual(expect.arrayContaining(['enrichment_pipeline']));
  });
});
