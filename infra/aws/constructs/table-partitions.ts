/** The functions that write the table. */
export type TableWriter = 'api' | 'probe' | 'sync' | 'schedules' | 'publisher' | 'jobs';

/**
 * A uid, by its form: 25 letters and digits (functions/adapters/process/random-ids.ts). Lease and state of a datasource stand
 * under the bare uid. A policy has no class of characters, so each function is denied what else may be as long.
 */
const uid = '?'.repeat(25);

/**
 * Every partition of the table, by how its key begins, and who writes there. A transaction is judged as a whole: what a
 * function only checks in one counts as written. Whoever adds a partition adds its line here, or its writes are refused on AWS;
 * tests refuse them too (test/support/policed-table.ts).
 */
const writersOf: Readonly<Record<string, readonly TableWriter[]>> = {
  [uid]: ['api', 'probe', 'sync', 'schedules'],
  'run#*': ['api', 'probe', 'sync', 'schedules'],
  'map#*': ['api', 'sync'],
  'record#*': ['api', 'sync', 'jobs'],
  'leaf#*': ['sync'],
  'work#*': ['sync'],
  'candidate#*': ['sync'],
  'leaving#*': ['sync'],
  'contradicted#*': ['sync'],
  server: ['sync'],
  purge: ['api', 'sync', 'schedules'],
  reconcile: ['sync'],
  sweep: ['schedules'],
  'schedule-ack#*': ['schedules'],
  'schedule-removal': ['schedules'],
  'registry#counter': ['api'],
  'registry#connector': ['api'],
  'registry#connector-number': ['api'],
  'registry#datasource': ['api', 'schedules'],
  'registry#datasource-number': ['api'],
  'registry#webhook': ['api', 'publisher'],
  'registry#webhook-number': ['api'],
  'connector-tested': ['api', 'probe'],
  'webhook-health': ['api', 'publisher'],
  'webhook-delivery#*': ['publisher'],
  idempotency: ['api'],
  'idempotency#*': ['api'],
  'costly#*': ['api', 'probe'],
  'access#key': ['api'],
  'access#revoked': ['api'],
  'access#guard': ['api'],
  'access#used': ['api', 'probe'],
  'audit#*': ['api', 'probe', 'schedules', 'publisher'],
  'job#*': ['jobs'],
  'job-batch': ['api', 'schedules', 'jobs'],
  'job-submission': ['api'],
  'kept#*': ['sync', 'jobs'],
  'kept-by': ['sync', 'jobs'],
};

/** Where a function may write, as patterns of IAM's StringLike. */
export function writtenBy(writer: TableWriter): string[] {
  return Object.keys(writersOf).filter((partition) => writersOf[partition]?.includes(writer));
}

/** Of all others those that would fit one of its patterns: only that of a uid fits what it does not mean. */
function deniedTo(writer: TableWriter): string[] {
  const patterns = writtenBy(writer);
  if (!patterns.includes(uid)) return [];
  return Object.keys(writersOf).filter(
    (partition) => !patterns.includes(partition) && (partition.endsWith('*') || partition.length === uid.length),
  );
}

/**
 * The condition of a function's writes. One for all of them, for a request may name several partitions, and each has to fit.
 * It holds of a request without any key, too, which therefore is asked for:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
 */
export function onlyItsPartitions(writer: TableWriter): Record<string, Record<string, string | string[]>> {
  const key = 'dynamodb:LeadingKeys';
  const denied = deniedTo(writer);
  return {
    'ForAllValues:StringLike': { [key]: writtenBy(writer) },
    ...(denied.length === 0 ? {} : { 'ForAllValues:StringNotLike': { [key]: denied } }),
    Null: { [key]: 'false' },
  };
}
