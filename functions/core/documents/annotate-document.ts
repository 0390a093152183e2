import * as z from 'zod';
import { type AuditDeps, auditWrite } from '../audit/audit-write.ts';
import { parseDocumentId } from '../catalogue/document-id.ts';
import { noDocument } from '../catalogue/find-record.ts';
import { mapPartition, type RangeRow, rangeItem, rangeOf } from '../catalogue/range-map.ts';
import { type RecordRow, readRecord, recordPartition } from '../catalogue/record.ts';
import { asItWas } from '../catalogue/record-condition.ts';
import { ConditionFailed } from '../model/errors.ts';
import { freeText } from '../model/identifier.ts';
import type { Table, TransactWrite } from '../model/ports/table.ts';
import { type Demand, demandTag } from '../model/row-tag.ts';
import { readDatasource } from '../registry/datasource-store.ts';
import { demandVisibleLabels } from '../registry/visible-labels.ts';
import { toItem } from '../table/stored-item.ts';
import { ignoredNames } from './coco-fields.ts';
import { documentTag } from './document-tag.ts';

const tags = z.array(freeText(128).min(1, 'must not be empty')).max(100, 'must be at most 100 tags');

/** The body of PUT /document/:id. What Coco's documents hold besides is known and changes nothing. */
export const documentPatch = z.strictObject({
  tags: tags.nullable().optional(),
  summary: freeText(4096).nullable().optional(),
  ...Object.fromEntries(ignoredNames.map((name) => [name, z.unknown().optional()])),
});
export type DocumentPatch = { readonly tags?: readonly string[] | null; readonly summary?: string | null };

/**
 * Writes tags and summary on the record of a document. What is absent stays; null, no tags and an empty text clear. They
 * belong to the object as it is: a sync leaves them while it is unchanged and drops them with the record that it replaces
 * when the object changed, as it does with details. Nobody is told, for the object did not change, and no digest knows of
 * them. What says what stands there already is not written. Returns the document's tag. Throws Failure `not_found`,
 * `precondition_failed`, or `invalid_request` for a new tag that would not show what it is.
 */
export async function annotateDocument(
  deps: AuditDeps & { readonly table: Table },
  id: string,
  patch: DocumentPatch,
  demand?: Demand,
): Promise<string> {
  const place = parseDocumentId(id);
  const datasource = place && (await readDatasource(deps.table, place.datasource));
  if (place === undefined || datasource === undefined) throw noDocument(id);
  for (;;) {
    const tag = await tryToAnnotate(deps, datasource.uid, { id, key: place.key, patch, demand });
    if (tag !== undefined) return tag;
  }
}

type Annotation = {
  readonly id: string;
  readonly key: string;
  readonly patch: DocumentPatch;
  readonly demand: Demand | undefined;
};

/** Undefined if record or range changed between reading and writing, so that both must be read again. */
async function tryToAnnotate(
  deps: AuditDeps & { readonly table: Table },
  uid: string,
  { id, key, patch, demand }: Annotation,
): Promise<string | undefined> {
  const { table } = deps;
  const range = await rangeOf(table, uid, key);
  const item = range && (await table.get({ pk: recordPartition(uid, range.id), sk: key }));
  if (range === undefined || item === undefined || item.gone !== undefined) throw noDocument(id);
  const record = readRecord(item);
  demandTag(demand, documentTag(record), 'the document');
  const next = annotated(record, patch);
  const tag = documentTag(next);
  if (tag === documentTag(record)) return tag;
  const put = toItem(item, { ...item, ...next, annotation_count: (record.annotation_count ?? 0) + 1, quiet: true });
  try {
    const audit = auditWrite(deps, {
      action: 'updated',
      kind: 'document',
      id,
      before: annotation(record),
      after: annotation(next),
    });
    await table.transact([rangeStands(uid, range), { put, condition: asItWas(record) }, audit]);
    return tag;
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
}

function annotated(record: RecordRow, { tags, summary }: DocumentPatch): RecordRow {
  demandVisibleLabels({ tags: tags ?? [] }, { tags: record.tags });
  return {
    ...record,
    tags: tags === undefined ? record.tags : kept(tags && [...new Set(tags)]),
    summary: summary === undefined ? record.summary : kept(summary),
  };
}

/** All that a client may set on a document. */
function annotation({ tags, summary }: RecordRow): Record<string, unknown> {
  return { tags: tags ?? null, summary: summary ?? null };
}

function kept<T extends string | readonly string[]>(value: T | null): T | undefined {
  return value === null || value.length === 0 ? undefined : value;
}

/** The record must be where readers look for it. Where it is being copied to another partition just now, the copy may be
 *  of before: then the range says that it was edited, and the copy is made anew. */
function rangeStands(uid: string, range: RangeRow): TransactWrite {
  const condition = { type: 'version', equals: range.version } as const;
  if (range.moving === undefined) return { check: { pk: mapPartition(uid), sk: range.lo }, condition };
  return { put: rangeItem(uid, { ...range, version: range.version + 1, edits: range.edits + 1 }), condition };
}
