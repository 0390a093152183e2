import { datasourcePartition } from '../datasources/datasource-store.ts';
import { reconcilePartition } from '../datasources/reconcile-request.ts';
import { recordPartitionPrefix } from '../documents/record.ts';
import { runPartitionPrefix } from '../sync/run-store.ts';

/** The partitions whose changes somebody reads: schedules follow datasources, events follow records and runs. */
export const feedPrefixes = [
  datasourcePartition,
  reconcilePartition,
  recordPartitionPrefix,
  runPartitionPrefix,
] as const;
