import { recordPartitionPrefix } from '../catalogue/record.ts';
import { jobPartitionPrefix } from '../jobs/job-store.ts';
import { datasourcePartition } from '../registry/datasource-store.ts';
import { runPartitionPrefix } from '../runs/run-store.ts';
import { reconcilePartition } from '../schedules/reconcile-request.ts';

/** The partitions whose changes somebody reads: schedules follow datasources, events follow records, runs
 *  and jobs. */
export const feedPrefixes = [
  datasourcePartition,
  reconcilePartition,
  recordPartitionPrefix,
  runPartitionPrefix,
  jobPartitionPrefix,
] as const;
