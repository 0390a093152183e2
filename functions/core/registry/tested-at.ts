import * as z from 'zod';
import type { Key, Table } from '../model/ports/table.ts';
import type { ConnectorRow } from './connector.ts';

const partition = 'connector-tested';

const testedItem = z.object({ sk: z.string(), at: z.string() });

type Owned = Pick<ConnectorRow, 'owner'>;

/**
 * Notes that a connector was tested; `at` in RFC 3339. It stands beside the row: a new version of that would turn away
 * whoever is changing the connector, and would end the backoff of its datasources.
 */
export async function noteTested(table: Table, connector: Owned, at: string): Promise<void> {
  await table.put({ ...testedKey(connector), v: 1, at });
}

/** Where that stands, to be removed together with the connector. */
export function testedKey({ owner }: Owned): Key {
  return { pk: partition, sk: owner };
}

/** When these were tested last, by owner; those that never were are left out. */
export async function readTested(table: Table, connectors: readonly Owned[]): Promise<Map<string, string>> {
  const items = await table.batchGet(connectors.map(testedKey));
  return new Map(items.map((item) => testedItem.parse(item)).map(({ sk, at }) => [sk, at]));
}
