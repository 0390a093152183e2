import { documentId } from '../catalogue/document-id.ts';
import { type RangeRow, readRanges } from '../catalogue/range-map.ts';
import { rangesOfKeys } from '../catalogue/ranges-of-keys.ts';
import { readRecord, recordPartition } from '../catalogue/record.ts';
import type { Key, Table } from '../model/ports/table.ts';
import type { ConnectorRow } from '../registry/connector.ts';
import { readConnector, readNumberedConnector } from '../registry/connector-store.ts';
import { runMadeAt } from '../runs/run-store.ts';
import { readState } from '../runs/sync-state.ts';
import { type KeptRow, keptDocumentId, parseKeptDocumentId, readKeepers, readKept, walkKept } from './kept-document.ts';
import { type KeyCatalogue, readCatalogues } from './key-catalogue.ts';

/** A document that is kept under a connector, for no datasource catalogues its object. */
export type KeptDocument = Pick<KeptRow, 'bucket' | 'last_modified' | 'processing_count'> & {
  readonly id: string;
  readonly key: string;
  readonly connector: number;
};

/** A place in the order of these documents: by connector, then by key. */
export type KeptPosition = Pick<KeptDocument, 'connector' | 'key'>;

/** Documents that are looked up in the catalogues at once: a batch read takes as many. */
const together = 100;

/**
 * The document of an id that a job gave; `cataloguedAs` where a datasource has decided about the object since: then its
 * record is the document, and where it has none there is none. Undefined if none was kept.
 */
export async function findKeptDocument(
  table: Table,
  id: string,
): Promise<KeptDocument | { readonly cataloguedAs: string } | undefined> {
  const place = parseKeptDocumentId(id);
  const connector = place && (await readNumberedConnector(table, place.connector));
  const row = connector && (await readKept(table, connector.owner, place.key));
  if (connector === undefined || row === undefined) return undefined;
  const catalogues = createCatalogueReader(table, connector);
  const cataloguedAs = (await catalogues.documentsOf([row])).get(row.sk);
  return cataloguedAs === undefined ? shown(connector, row) : { cataloguedAs };
}

/** All that are kept, by connector and key, or those behind a place in that order; without what datasources catalogue. */
export async function* walkKeptDocuments(table: Table, after?: KeptPosition): AsyncIterable<KeptDocument> {
  for (const connector of await keepers(table)) {
    if (after !== undefined && connector.number < after.connector) continue;
    const behind = connector.number === after?.connector ? after.key : undefined;
    const catalogues = createCatalogueReader(table, connector);
    let rows: KeptRow[] = [];
    for await (const row of walkKept(table, connector.owner, behind)) {
      rows.push(row);
      if (rows.length < together) continue;
      yield* await left(connector, catalogues, rows);
      rows = [];
    }
    yield* await left(connector, catalogues, rows);
  }
}

/** The connectors that may have any, by number. One that is gone has none any more, whatever is still to be purged. */
async function keepers(table: Table): Promise<ConnectorRow[]> {
  const connectors: ConnectorRow[] = [];
  for (const { owner, connector: id } of await readKeepers(table)) {
    const connector = await readConnector(table, id);
    if (connector?.owner === owner) connectors.push(connector);
  }
  return connectors.sort((one, other) => one.number - other.number);
}

async function left(connector: ConnectorRow, catalogues: CatalogueReader, rows: readonly KeptRow[]) {
  const catalogued = await catalogues.documentsOf(rows);
  return rows.filter(({ sk }) => !catalogued.has(sk)).map((row) => shown(connector, row));
}

function shown({ number }: ConnectorRow, { sk: key, bucket, last_modified, processing_count }: KeptRow): KeptDocument {
  return { id: keptDocumentId(number, key), key, connector: number, bucket, last_modified, processing_count };
}

type CatalogueReader = {
  /** By key, the documents that datasources have of these objects: of several the one with the longest prefix. */
  documentsOf(rows: readonly KeptRow[]): Promise<Map<string, string>>;
};

/** What is asked of a catalogue, read once. */
type Opened = { readonly ranges: readonly RangeRow[]; readonly seenAt: number };

/** Looks into the catalogues of one connector. */
function createCatalogueReader(table: Table, connector: ConnectorRow): CatalogueReader {
  const lists = new Map<string, Promise<KeyCatalogue[]>>();
  const opened = new Map<string, Promise<Opened>>();
  return {
    async documentsOf(rows) {
      const found = new Map<string, string>();
      for (const target of new Set(rows.map((row) => row.target))) {
        for (const catalogue of await once(lists, target, () => readCatalogues(table, connector, target))) {
          const { datasource, uid, holds } = catalogue;
          const held = rows.filter((row) => row.target === target && !found.has(row.sk) && holds(row.sk));
          if (held.length === 0) continue;
          const known = await knownTo(table, uid, await once(opened, uid, () => open(table, catalogue)), held);
          for (const key of known) found.set(key, documentId(datasource, key));
        }
      }
      return found;
    },
  };
}

async function open(table: Table, { uid, fingerprint }: KeyCatalogue): Promise<Opened> {
  const [ranges, state] = await Promise.all([readRanges(table, uid), readState(table, uid)]);
  const { run, fingerprint: scope } = state.last_complete ?? {};
  // A listing of another scope says nothing of this one.
  return { ranges, seenAt: run === undefined || scope !== fingerprint ? 0 : runMadeAt(run) };
}

/**
 * The keys that a catalogue decides about: those it has a record of, and those that its last complete listing had not,
 * if that began after the job saw the object. Such an object is gone, and what was kept of it must not rise again.
 */
async function knownTo(table: Table, uid: string, { ranges, seenAt }: Opened, rows: readonly KeptRow[]) {
  const live = new Set(
    await liveKeys(
      table,
      uid,
      ranges,
      rows.map(({ sk }) => sk),
    ),
  );
  return rows.filter(({ sk, details }) => live.has(sk) || Date.parse(details.gathered_at) < seenAt).map(({ sk }) => sk);
}

/** Those of the keys that have a record. */
async function liveKeys(
  table: Table,
  uid: string,
  ranges: readonly RangeRow[],
  keys: readonly string[],
): Promise<string[]> {
  const places = [...rangesOfKeys(ranges, keys)].flatMap(([{ id }, own]) =>
    own.map((sk): Key => ({ pk: recordPartition(uid, id), sk })),
  );
  const records = (await table.batchGet(places)).map(readRecord);
  return records.filter(({ gone }) => gone === undefined).map(({ sk }) => sk);
}

function once<T>(known: Map<string, Promise<T>>, name: string, read: () => Promise<T>): Promise<T> {
  const reading = known.get(name) ?? read();
  known.set(name, reading);
  return reading;
}
