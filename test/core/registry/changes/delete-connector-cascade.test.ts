import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseInput } from '#core/model/parse-input.ts';
import { deleteConnectorCascade } from '#core/registry/changes/delete-connector-cascade.ts';
import { deleteDatasource } from '#core/registry/changes/delete-datasource.ts';
import { createConnector, replaceConnector } from '#core/registry/changes/save-connector.ts';
import { createDatasource } from '#core/registry/changes/save-datasource.ts';
import { connectorInput } from '#core/registry/connector.ts';
import { readConnector } from '#core/registry/connector-store.ts';
import { datasourceInput } from '#core/registry/datasource.ts';
import { listDatasources } from '#core/registry/datasource-store.ts';
import { createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

const config = {
  access_key_id: 'key',
  secret_access_key: 'long-secret',
  bucket: 'some-bucket',
  endpoint: '127.0.0.1:1',
};

let world: SyncWorld;
beforeEach(async () => {
  world = await createSyncWorld();
  for (const id of ['mine', 'other']) {
    await createConnector(world.deps, parseInput(connectorInput, { id, name: id, config }, 'connector'));
  }
  for (const id of ['a', 'b', 'c']) await create(id);
  await create('kept', 'other');
});
afterEach(() => world.close());

const create = (id: string, connector = 'mine') => {
  const body = { id, type: 'connector', name: id, connector: { id: connector } };
  return createDatasource(world.deps, parseInput(datasourceInput, body, 'datasource'));
};

const remove = async () => {
  const row = await readConnector(world.table, 'mine');
  if (row === undefined) throw new Error('there is no connector to delete');
  await deleteConnectorCascade(world.deps, row);
};

const ids = async () => {
  const found: string[] = [];
  for await (const { id } of listDatasources(world.table)) found.push(id);
  return found;
};

const purges = () => world.messages.filter(({ message }) => JSON.stringify(message).includes('"purge"')).length;

/** Does something just before the n-th write from now, once. */
const beforeWrite = (n: number, act: () => Promise<unknown>) => {
  let left = n;
  world.table.beforeWrite = async () => {
    left -= 1;
    if (left > 0) return;
    world.table.beforeWrite = undefined;
    await act();
  };
};

it('given a connector with datasources, they and it are gone, and what others have stays', async () => {
  await remove();
  expect([await ids(), await readConnector(world.table, 'mine'), purges()]).toEqual([['kept'], undefined, 3]);
});

// Writes: mark, three deletions, removal.
it.each([1, 2, 3, 4, 5])('given a process that dies before its write %i, the next try finishes', async (write) => {
  beforeWrite(write, () => Promise.reject(new Error('killed')));
  await expect(remove()).rejects.toThrow('killed');
  await remove();
  expect([await ids(), await readConnector(world.table, 'mine')]).toEqual([['kept'], undefined]);
});

it.each([1, 2, 3, 4, 5])('given a datasource created on it before write %i, none is left behind', async (write) => {
  beforeWrite(write, () => create('late'));
  await remove();
  expect([await ids(), await readConnector(world.table, 'mine')]).toEqual([['kept'], undefined]);
});

it('given a datasource that somebody else deletes meanwhile, it goes on', async () => {
  beforeWrite(2, () => deleteDatasource(world.deps, 'a'));
  await expect(remove()).rejects.toMatchObject({ code: 'conflict' });
  await remove();
  expect(await ids()).toEqual(['kept']);
});

it('given a connector that somebody changes meanwhile, it is a conflict and the connector stays', async () => {
  const input = parseInput(connectorInput, { name: 'renamed' }, 'connector');
  beforeWrite(1, () => replaceConnector(world.deps, 'mine', input, { create: false }));
  await expect(remove()).rejects.toMatchObject({ code: 'conflict' });
  expect([await ids(), (await readConnector(world.table, 'mine'))?.name]).toEqual([['a', 'b', 'c', 'kept'], 'renamed']);
});
