import { datasourcePartition } from '../datasources/datasource-store.ts';
import { reconcilePartition } from '../datasources/reconcile-request.ts';
import { recordPartitionPrefix } from '../documents/record.ts';
import { jobPartitionPrefix } from '../jobs/job-store.ts';
import { runPartitionPrefix } from '../sync/run-store.ts';

/** The partitions whose changes somebody reads: schedules follow datasources, events follow records, runs
 *  and jobs. */
export const feedPrefixes = [
  datasourcePartition,
  reconcilePartition,
  recordPartitionPrefix,
  runPartitionPrefix,
  jobPartitionPrefix,
] as const;
