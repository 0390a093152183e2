import type { Condition } from '../model/ports/table.ts';
import type { RecordRow } from './record.ts';

const counts = ['processing_count', 'annotation_count'] as const;

/** What must hold for a write to come upon the very record that was read. Every write of a record stamps it with its run
 *  and fence, or counts; a tombstone keeps the rest. */
export function asItWas(record: RecordRow): Condition {
  const { etag, size, last_modified, storage_class, run, seq } = record;
  const counted = counts.flatMap((name) => {
    const count = record[name];
    return count === undefined ? [] : [[name, count] as const];
  });
  return {
    type: 'matches',
    equals: { etag, size, last_modified, storage_class, run, seq, ...Object.fromEntries(counted) },
    lacks: ['gone', ...counts.filter((name) => record[name] === undefined)],
  };
}
