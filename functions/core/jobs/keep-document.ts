import type { ObjectDetails } from '../catalogue/object-details.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { Condition, Table } from '../model/ports/table.ts';
import type { ConnectorRow } from '../registry/connector.ts';
import type { ObjectState } from './gather-details.ts';
import { type KeptRow, keeperItem, keptItem, readKept } from './kept-document.ts';

/** Under which connector a document is kept, and of which bucket it is. */
export type Keeper = Pick<ConnectorRow, 'id' | 'number' | 'owner'> & {
  readonly target: string;
  readonly bucket: string;
};

type Found = { readonly key: string; readonly object: ObjectState; readonly details: ObjectDetails };

/**
 * Keeps what a job found of an object that no datasource catalogues. Another job of the same version counts up; one of
 * another version begins to count anew, unless what stands there was gathered later. Each write demands what was read,
 * so that of jobs at once none is lost.
 */
export async function keepDocument(table: Table, keeper: Keeper, found: Found): Promise<'kept' | 'changed_meanwhile'> {
  for (;;) {
    const stored = await readKept(table, keeper.owner, found.key);
    const next = nextRow(keeper, found, stored);
    if (next === undefined) return 'changed_meanwhile';
    // First, so that there is no document that nobody finds.
    if (stored === undefined) await table.put(keeperItem(keeper.owner, keeper.id));
    const condition: Condition = stored ? { type: 'version', equals: stored.version } : { type: 'absent' };
    try {
      await table.put(keptItem(keeper.owner, next), condition);
      return 'kept';
    } catch (error) {
      // Another job wrote it in between: looked at again.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

function nextRow(
  { target, bucket }: Keeper,
  { key, object, details }: Found,
  stored: KeptRow | undefined,
): KeptRow | undefined {
  const { size, etag, lastModified, storageClass } = object;
  const last_modified = new Date(lastModified).toISOString();
  const same =
    stored?.target === target && stored.etag === etag && stored.size === size && stored.last_modified === last_modified;
  const late = stored !== undefined && stored.details.gathered_at > details.gathered_at;
  if (late && !same) return undefined;
  return {
    ...{ sk: key, v: 1, version: (stored?.version ?? 0) + 1, target, bucket },
    ...{ size, etag, last_modified, storage_class: storageClass },
    details: late ? stored.details : details,
    processing_count: (same ? stored.processing_count : 0) + 1,
  };
}
