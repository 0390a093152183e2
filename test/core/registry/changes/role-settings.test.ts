import { beforeEach, describe, expect, it, test } from 'vitest';
import { createRandomIds } from '#adapters/process/random-ids.ts';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { parseInput } from '#core/model/parse-input.ts';
import { deleteDatasource } from '#core/registry/changes/delete-datasource.ts';
import { createConnector, replaceConnector } from '#core/registry/changes/save-connector.ts';
import { createDatasource, replaceDatasource, updateDatasourceFields } from '#core/registry/changes/save-datasource.ts';
import { connectorInput, connectorView } from '#core/registry/connector.ts';
import { readConnector } from '#core/registry/connector-store.ts';
import { datasourceInput, datasourcePatch, datasourceView } from '#core/registry/datasource.ts';
import { configOf } from '#core/registry/effective-config.ts';
import { createAssumableRoles } from '#core/source/assumable-roles.ts';
import { anyRole, noRoles } from '#support/fake-roles.ts';
import { somebody } from '#support/somebody.ts';
import { openVault } from '#support/sync-world.ts';

const role_arn = 'arn:aws:iam::111122223333:role/read-photos';
const other_arn = 'arn:aws:iam::111122223333:role/read-papers';
const asRole = { bucket: 'photos', region: 'eu-west-1', role_arn };
const keys = { access_key_id: 'KEY1', secret_access_key: 'first-secret' };
const withKeys = { bucket: 'photos', endpoint: 's3.eu-west-1.amazonaws.com', ...keys };

let deps: Parameters<typeof createDatasource>[0];
beforeEach(() => {
  const clock = { now: () => Date.parse('2026-03-01T00:00:00Z') };
  const table = openSqliteTable(':memory:');
  const hosted = { sealer: openVault, assumableRoles: anyRole, minimumIntervalSeconds: 10 };
  deps = { ...somebody, table, clock, ids: createRandomIds(), ...hosted };
});

const bodyOf = (config: object, connector = 's3') => ({
  ...{ type: 'connector', name: 'Photos', connector: { id: connector, config } },
});
const create = (config: object, id = 'photos', connector = 's3') =>
  createDatasource(deps, parseInput(datasourceInput, { id, ...bodyOf(config, connector) }, 'it'));
const patch = (config: object, id = 'photos') =>
  updateDatasourceFields(deps, id, parseInput(datasourcePatch, { connector: { config } }, 'it'));
const replace = async (config: object, id = 'photos') =>
  (await replaceDatasource(deps, id, parseInput(datasourceInput, bodyOf(config), 'it'))).row;
const store = (config: object, id = 'store') =>
  createConnector(deps, parseInput(connectorInput, { id, name: 'Store', config }, 'it'));
const put = async (config: object | undefined, id = 'store') =>
  (await replaceConnector(deps, id, parseInput(connectorInput, { name: 'Store', config }, 'it'), { create: false }))
    .row;
const credentialsOf = async (row: Awaited<ReturnType<typeof create>>) => {
  const connector = await readConnector(deps.table, row.connector.id);
  if (connector === undefined) throw new Error('no connector');
  return configOf(connector, row).credentials;
};
// biome-ignore lint/suspicious/noExplicitAny: the view is of every shape
const shown = (row: Awaited<ReturnType<typeof create>>) => (datasourceView(row) as any).connector.config;

describe('the external id of a datasource', () => {
  it('is made with the role, random, shown with the settings, and part of the row alone', async () => {
    const row = await create(asRole);
    expect(row.external_id).toMatch(/^[0-9a-z]{20,}$/);
    expect(row.connector.config).toEqual(asRole);
    expect(shown(row)).toEqual({ ...asRole, external_id: row.external_id });
    expect(datasourceView(row)).not.toHaveProperty('external_id');
    expect(await credentialsOf(row)).toEqual({ kind: 'role', roleArn: role_arn, externalId: row.external_id });
    expect(row.secrets).toEqual({});
  });

  it('is another one for each datasource, whether or not the role is the same', async () => {
    const rows = [
      await create(asRole, 'a'),
      await create(asRole, 'b'),
      await create({ ...asRole, role_arn: other_arn }, 'c'),
    ];
    expect(new Set(rows.map((row) => row.external_id)).size).toBe(3);
  });

  it('stays when the role, the bucket, anything or everything is changed', async () => {
    const { external_id } = await create(asRole);
    const steps = [
      () => patch({ role_arn: other_arn }),
      () => patch({ bucket: 'papers', prefix: 'a/' }),
      () => replace(asRole),
      () => replace(withKeys),
      () => patch({ role_arn }),
    ];
    for (const step of steps) expect((await step()).external_id).toBe(external_id);
  });

  it('is never chosen by the caller: what is sent for it is ignored', async () => {
    const row = await create({ ...asRole, external_id: 'guess-me' });
    expect(row.external_id).not.toBe('guess-me');
    expect(row.connector.config).not.toHaveProperty('external_id');
    const echoed = await patch({ ...shown(row), external_id: 'another' });
    expect(shown(echoed)).toEqual(shown(row));
    expect((await replace({ ...withKeys, external_id: 'again' })).external_id).toBe(row.external_id);
  });

  it('is a new one for who takes the name of a deleted datasource', async () => {
    const { external_id } = await create(asRole);
    await deleteDatasource({ ...deps, queue: { send: async () => undefined } }, 'photos');
    expect((await create(asRole)).external_id).not.toBe(external_id);
  });

  it('is not there, and not shown, where there are keys', async () => {
    const row = await create(withKeys);
    expect(row).not.toHaveProperty('external_id');
    expect(shown(row)).not.toHaveProperty('external_id');
    await patch({ role_arn });
    expect(shown(await replace(withKeys))).not.toHaveProperty('external_id');
  });
});

describe('a role and keys', () => {
  it('given a role for keys, then key id and sealed secrets go', async () => {
    await create({ ...withKeys, session_token: 'token' });
    const row = await patch({ role_arn });
    expect(row.secrets).toEqual({});
    expect(row.connector.config).toEqual({ bucket: 'photos', endpoint: withKeys.endpoint, role_arn });
  });

  it('given keys for a role, then the role goes, and both parts of the key are needed', async () => {
    await create(asRole);
    await expect(patch({ access_key_id: 'KEY1' })).rejects.toThrow('lacks secret_access_key');
    await expect(patch({ secret_access_key: 's' })).rejects.toThrow('lacks access_key_id');
    const row = await patch(keys);
    expect(row.connector.config).toEqual({ bucket: 'photos', region: 'eu-west-1', access_key_id: 'KEY1' });
    expect(await credentialsOf(row)).toMatchObject({ kind: 'keys', accessKeyId: 'KEY1' });
  });

  it('given the keys back, the secret that went does not come back with them', async () => {
    await create(withKeys);
    await patch({ role_arn });
    await expect(patch({ access_key_id: 'KEY1' })).rejects.toThrow('lacks secret_access_key');
  });

  it('given another bucket or role, no secret is asked for, and other data begins with another bucket only', async () => {
    const { uid } = await create(asRole);
    expect((await patch({ role_arn: other_arn })).uid).toBe(uid);
    expect((await patch({ bucket: 'papers' })).uid).not.toBe(uid);
  });
});

describe('what a role is inherited with', () => {
  it('is endpoint and region, as one block, under the external id of the connector', async () => {
    const connector = await store(asRole);
    const [one, two] = [
      await create({}, 'one', 'store'),
      await create({ bucket: 'papers', prefix: 'a/' }, 'two', 'store'),
    ];
    const inherited = { kind: 'role', roleArn: role_arn, externalId: connector.external_id };
    expect([await credentialsOf(one), await credentialsOf(two)]).toEqual([inherited, inherited]);
    expect([one.external_id, two.external_id]).toEqual([undefined, undefined]);
    expect(shown(two)).toEqual({ bucket: 'papers', prefix: 'a/' });
  });

  it('given a role of its own, a datasource brings the rest too and has its own external id', async () => {
    const connector = await store(asRole);
    await create({}, 'photos', 'store');
    await expect(patch({ role_arn: other_arn })).rejects.toThrow('lacks endpoint');
    const row = await patch({ role_arn: other_arn, region: 'eu-west-1' });
    expect(await credentialsOf(row)).toEqual({ kind: 'role', roleArn: other_arn, externalId: row.external_id });
    expect(row.external_id).not.toBe(connector.external_id);
    expect(
      (await replaceDatasource(deps, 'photos', parseInput(datasourceInput, bodyOf({}, 'store'), 'it'))).row,
    ).toMatchObject({
      connector: { config: {} },
    });
  });

  it('given a region of its own, a datasource does not take the role of its connector along', async () => {
    await store(asRole);
    await expect(create({ region: 'eu-west-2' }, 'photos', 'store')).rejects.toThrow(
      'lacks access_key_id, secret_access_key',
    );
  });

  it('given a foreign endpoint of its own, the role of its connector does not go there', async () => {
    await store(asRole);
    await expect(create({ endpoint: 'evil.example.com' }, 'photos', 'store')).rejects.toThrow('lacks access_key_id');
    await expect(create({ endpoint: 'evil.example.com', role_arn }, 'photos', 'store')).rejects.toMatchObject({
      code: 'invalid_request',
      details: [{ path: 'connector.config.endpoint' }],
    });
  });
});

describe('a connector with a role', () => {
  it('shows its external id, keeps it for life, and keeps the role when config is left out', async () => {
    const { external_id } = await store(asRole);
    expect(connectorView(await put(undefined)).config).toEqual({ ...asRole, external_id });
    const changed = await put({ ...withKeys, external_id: 'mine' });
    expect(connectorView(changed).config).toEqual({
      bucket: 'photos',
      endpoint: withKeys.endpoint,
      access_key_id: 'KEY1',
    });
    const back = await put({ ...asRole, role_arn: other_arn });
    expect([back.external_id, back.secrets]).toEqual([external_id, {}]);
    expect(connectorView(back)).not.toHaveProperty('external_id');
  });

  it('given the builtin one, then it has an external id that nobody can know before', async () => {
    const row = await put(asRole, 's3');
    expect(row.external_id).toMatch(/^[0-9a-z]{20,}$/);
  });
});

describe('a role that cannot be', () => {
  test.each([
    [{ ...asRole, endpoint: 'minio.example.com' }, 'endpoint'],
    [{ ...asRole, use_ssl: false }, 'use_ssl'],
  ])('given %j, then it is refused for connectors and datasources alike', async (config, field) => {
    const code = 'invalid_request';
    await expect(create(config)).rejects.toMatchObject({ code, details: [{ path: `connector.config.${field}` }] });
    await expect(store(config)).rejects.toMatchObject({ code, details: [{ path: `config.${field}` }] });
  });

  it('given a stored role, then the endpoint cannot be led away from AWS under it', async () => {
    await create(asRole);
    await expect(patch({ endpoint: 'evil.example.com' })).rejects.toThrow("must be AWS's own S3");
    await expect(patch({ use_ssl: false })).rejects.toThrow('use_ssl must be true');
  });

  it('given neither endpoint nor region, then one of them is asked for', async () => {
    await expect(create({ bucket: 'photos', role_arn })).rejects.toThrow('connector.config lacks endpoint');
  });

  it('given a host that takes no roles, then it is refused where it is new, and what stands can be changed', async () => {
    await create(asRole);
    await create(withKeys, 'other');
    deps = { ...deps, assumableRoles: noRoles.assumableRoles };
    await expect(patch({ role_arn: other_arn })).rejects.toMatchObject({
      code: 'invalid_request',
      details: [{ path: 'connector.config.role_arn', reason: expect.stringContaining('there is no way to here') }],
    });
    await expect(patch({ role_arn }, 'other')).rejects.toThrow('may take no roles');
    await expect(store(asRole)).rejects.toMatchObject({ details: [{ path: 'config.role_arn' }] });
    expect((await patch({ prefix: 'a/', role_arn })).connector.config).toMatchObject({ prefix: 'a/', role_arn });
  });

  it('given a host that takes some, then it is refused for the others', async () => {
    deps = { ...deps, assumableRoles: createAssumableRoles([role_arn], 'ask Ann') };
    await create(asRole);
    await expect(patch({ role_arn: other_arn })).rejects.toThrow('is none of the roles');
  });
});
