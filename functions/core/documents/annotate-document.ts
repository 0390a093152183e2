import * as z from 'zod';
import { type AuditDeps, auditWrite } from '../audit/audit-write.ts';
import { parseDocumentId } from '../catalogue/document-id.ts';
import { noDocument } from '../catalogue/find-record.ts';
import { mapPartition, type RangeRow, rangeItem, rangeOf } from '../catalogue/range-map.ts';
import { readRecord, recordPartition } from '../catalogue/record.ts';
import { asItWas } from '../catalogue/record-condition.ts';
import { ConditionFailed } from '../model/errors.ts';
import { freeText } from '../model/identifier.ts';
import type { Item, Table, TransactWrite } from '../model/ports/table.ts';
import { readDatasource } from '../registry/datasource-store.ts';
import { demandVisibleLabels } from '../registry/visible-labels.ts';
import { toItem } from '../table/stored-item.ts';
import { ignoredNames } from './coco-fields.ts';

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
 * them. Throws Failure `not_found`, or `invalid_request` for a new tag that would not show what it is.
 */
export async function annotateDocument(
  deps: AuditDeps & { readonly table: Table },
  id: string,
  patch: DocumentPatch,
): Promise<void> {
  const place = parseDocumentId(id);
  const datasource = place && (await readDatasource(deps.table, place.datasource));
  if (place === undefined || datasource === undefined) throw noDocument(id);
  while (!(await tryToAnnotate(deps, datasource.uid, id, place.key, patch)));
}

/** False if record or range changed between reading and writing, so that both must be read again. */
async function tryToAnnotate(
  deps: AuditDeps & { readonly table: Table },
  uid: string,
  id: string,
  key: string,
  patch: DocumentPatch,
): Promise<boolean> {
  const { table } = deps;
  const range = await rangeOf(table, uid, key);
  const item = range && (await table.get({ pk: recordPartition(uid, range.id), sk: key }));
  if (range === undefined || item === undefined || item.gone !== undefined) throw noDocument(id);
  const condition = asItWas(readRecord(item));
  try {
    const next = annotated(item, patch);
    const deed = {
      action: 'updated',
      kind: 'document',
      id,
      before: annotation(item),
      after: annotation(next),
    } as const;
    await table.transact([rangeStands(uid, range), { put: next, condition }, auditWrite(deps, deed)]);
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}

function annotated(item: Item, { tags, summary }: DocumentPatch): Item {
  const record = readRecord(item);
  demandVisibleLabels({ tags: tags ?? [] }, { tags: record.tags });
  return toItem(item, {
    ...item,
    tags: tags === undefined ? record.tags : kept(tags && [...new Set(tags)]),
    summary: summary === undefined ? record.summary : kept(summary),
    annotation_count: (record.annotation_count ?? 0) + 1,
    quiet: true,
  });
}

/** All that a client may set on a document. */
function annotation(item: Item): Record<string, unknown> {
  const { tags = null, summary = null } = readRecord(item);
  return { tags, summary };
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
