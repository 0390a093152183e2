import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseInput } from '#core/model/parse-input.ts';
import { createConnector, deleteConnector } from '#core/registry/changes/save-connector.ts';
import { createDatasource } from '#core/registry/changes/save-datasource.ts';
import { connectorInput } from '#core/registry/connector.ts';
import { readConnector } from '#core/registry/connector-store.ts';
import { datasourceInput } from '#core/registry/datasource.ts';
import { readDatasource } from '#core/registry/datasource-store.ts';
import { createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
beforeEach(async () => {
  world = await createSyncWorld();
  await createConnector(world.deps, parseInput(connectorInput, { id: 'mine', name: 'mine' }, 'connector'));
});
afterEach(() => world.close());

const create = () => {
  const keys = { access_key_id: 'key', secret_access_key: 'long-secret' };
  const config = { bucket: 'some-bucket', endpoint: '127.0.0.1:1', ...keys };
  const body = { id: 'on-mine', type: 'connector', name: 'on mine', connector: { id: 'mine', config } };
  return createDatasource(world.deps, parseInput(datasourceInput, body, 'datasource'));
};

it('given a connector that is deleted while a datasource is being created on it, the datasource is refused', async () => {
  world.table.beforeWrite = async () => {
    world.table.beforeWrite = undefined;
    await deleteConnector(world.deps, 'mine');
  };
  await expect(create()).rejects.toMatchObject({ code: 'conflict' });
  expect(await readDatasource(world.table, 'on-mine')).toBeUndefined();
  expect(await readConnector(world.table, 'mine')).toBeUndefined();
});

it('given a datasource that is created while its connector is being deleted, the connector stays', async () => {
  world.table.beforeWrite = async () => {
    world.table.beforeWrite = undefined;
    await create();
  };
  await expect(deleteConnector(world.deps, 'mine')).rejects.toMatchObject({ code: 'in_use' });
  expect(await readDatasource(world.table, 'on-mine')).toBeDefined();
  expect(await readConnector(world.table, 'mine')).toBeDefined();
});
