import { type Column, passed } from '../column.ts';
import { registerBucket } from '../run-once.ts';
import { FIRST, firstObjects } from './first-bucket.ts';

export const register: Column = {
  name: 'register',
  what: 'a datasource with an address, two keys and a bucket, and nothing else, is accepted',
  withinMs: 60_000,
  async run(bench) {
    await bench.client.createBucket(FIRST);
    await bench.client.fill(FIRST, firstObjects);
    await registerBucket(bench, 'first', FIRST);
    return passed('✓');
  },
};
