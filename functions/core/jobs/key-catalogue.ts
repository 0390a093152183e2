import { compileFilter } from '../keys/key-filter.ts';
import { Failure } from '../model/errors.ts';
import type { Table } from '../model/ports/table.ts';
import { datasourcesOf } from '../registry/changes/save-connector.ts';
import type { ConnectorRow } from '../registry/connector.ts';
import type { DatasourceRow } from '../registry/datasource.ts';
import { configOf, type EffectiveConfig, fingerprintOf, targetOf } from '../registry/effective-config.ts';

/** A datasource whose catalogue may hold keys of a connector's bucket. */
export type KeyCatalogue = {
  readonly datasource: string;
  readonly uid: string;
  readonly prefix: string;
  /** Of its present scope. */
  readonly fingerprint: string;
  readonly holds: (key: string) => boolean;
};

/** The catalogues on this connector of the bucket `target`, those with the longest prefix first, then the older. */
export async function readCatalogues(table: Table, connector: ConnectorRow, target: string): Promise<KeyCatalogue[]> {
  const found: { readonly number: number; readonly catalogue: KeyCatalogue }[] = [];
  for (const row of await datasourcesOf(table, connector.id)) {
    const config = wholeConfig(connector, row);
    // Where the two differ, the records are still those of another bucket: the next sync begins anew.
    if (config === undefined || targetOf(config) !== target || row.target !== target) continue;
    const { prefix } = config;
    const matches = compileFilter(config);
    const holds = (key: string) => key.startsWith(prefix) && matches(key);
    const fingerprint = fingerprintOf(config);
    found.push({ number: row.number, catalogue: { datasource: row.id, uid: row.uid, prefix, fingerprint, holds } });
  }
  const longer = (one: KeyCatalogue, other: KeyCatalogue) => other.prefix.length - one.prefix.length;
  return found
    .sort((one, other) => longer(one.catalogue, other.catalogue) || one.number - other.number)
    .map(({ catalogue }) => catalogue);
}

/** A datasource whose settings are incomplete catalogues nothing now. */
function wholeConfig(connector: ConnectorRow, row: DatasourceRow): EffectiveConfig | undefined {
  try {
    return configOf(connector, row);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** Where the document of a key is: the catalogue of the longest prefix, if any takes it in. */
export function catalogueOf(
  catalogues: readonly KeyCatalogue[],
  key: string,
): { readonly datasource?: string; readonly uid?: string } {
  const found = catalogues.find((catalogue) => catalogue.holds(key));
  return found === undefined ? {} : { datasource: found.datasource, uid: found.uid };
}
