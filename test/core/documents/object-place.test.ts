import { afterEach, beforeEach, expect, it } from 'vitest';
import { readPlace } from '#core/documents/object-place.ts';
import { createConnector } from '#core/registry/changes/save-connector.ts';
import { createDatasource } from '#core/registry/changes/save-datasource.ts';
import { readConnector, updateConnector } from '#core/registry/connector-store.ts';
import { createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
beforeEach(async () => {
  world = await createSyncWorld();
});
afterEach(() => world.close());

it('names no bucket for records that are of the former one, until their datasource has followed its connector', async () => {
  // Given a datasource that inherits its bucket
  const config = { bucket: 'former', endpoint: 's3.example.com', access_key_id: 'key', secret_access_key: 'secret' };
  await createConnector(world.deps, { id: 'shared', name: 'shared', config });
  const row = await createDatasource(world.deps, {
    type: 'connector',
    name: 'heir',
    connector: { id: 'shared' },
  });
  expect(await readPlace(world.table, row)).toMatchObject({ bucket: 'former', endpoint: 's3.example.com' });

  // When its connector has another bucket, and the datasource has not moved yet
  const connector = await readConnector(world.table, 'shared');
  if (connector === undefined) throw new Error('no connector');
  await updateConnector(world.deps, connector, { ...connector, config: { ...connector.config, bucket: 'latter' } });

  // Then neither bucket is named
  expect(await readPlace(world.table, row)).toEqual({ bucket: '' });
});
