import type { Clock } from '../model/ports/host.ts';
import type { Table } from '../model/ports/table.ts';
import type { ConnectorRow } from './connector.ts';
import { readConnector } from './connector-store.ts';

/** Reads a connector, maybe as it stood a few seconds ago. */
export type ConnectorReader = (id: string) => Promise<ConnectorRow | undefined>;

/** No more than a moment: ticks come in the second that their cron names. */
const keepMs = 3000;
const mostKept = 256;

/**
 * Remembers each connector for three seconds, in this process: the ticks of a thousand datasources on one connector would
 * otherwise all read one row in the same second, which DynamoDB serves 3,000 times a second at most. It only tells whether a
 * tick is worth a run: what a run goes by, and what turns a tick away, is read as it stands, for with an older connector a
 * datasource could be given back the bucket that it had before. What is missing is not remembered, nor is a failed read.
 */
export function createConnectorCache(table: Table, clock: Clock): ConnectorReader {
  const kept = new Map<string, { readonly at: number; readonly row: ConnectorRow }>();
  return async (id) => {
    const now = clock.now();
    const known = kept.get(id);
    if (known !== undefined && now >= known.at && now - known.at < keepMs) return known.row;
    const row = await readConnector(table, id);
    kept.delete(id);
    if (row === undefined) return undefined;
    for (const oldest of kept.keys()) {
      if (kept.size < mostKept) break;
      kept.delete(oldest);
    }
    // From when the read began: what it brought may be as old.
    kept.set(id, { at: now, row });
    return row;
  };
}
