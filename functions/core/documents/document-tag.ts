import type { RecordRow } from '../catalogue/record.ts';
import { tagOf } from '../model/row-tag.ts';

/** What a client may write about a document. */
const settable = ['tags', 'summary'] as const;

/**
 * The tag of a document: what somebody wrote about its object as it is. An object that changed is another one, as what was
 * written of the former one is dropped; what jobs gathered, and how often, does not move it.
 */
export function documentTag(record: RecordRow): string {
  const life = JSON.stringify([record.sk, record.etag, record.size, record.last_modified]);
  return tagOf(life, Object.fromEntries(settable.map((name) => [name, record[name]])));
}
