import { Failure } from '../model/errors.ts';
import type { Table } from '../model/ports/table.ts';
import { readConnector } from '../registry/connector-store.ts';
import type { DatasourceRow } from '../registry/datasource.ts';
import { configOf, type EffectiveConfig, targetOf } from '../registry/effective-config.ts';
import { awsHostOf } from '../source/aws-host.ts';

/** Where the objects of a datasource are; without an endpoint when its settings do not say. */
export type ObjectPlace = Pick<EffectiveConfig, 'bucket'> &
  Partial<Pick<EffectiveConfig, 'endpoint' | 'region' | 'useSsl' | 'pathStyle'>>;

/** Where the objects of a datasource are, by its present settings. What is catalogued stays readable while settings
 *  are incomplete: then only the bucket is told, and an empty text if there is none. Nothing is told while the connector
 *  points elsewhere already and the datasource has not moved yet, for its records are of the former bucket. */
export async function readPlace(table: Table, row: DatasourceRow): Promise<ObjectPlace> {
  const known = { bucket: row.connector.config.bucket ?? '' };
  const connector = await readConnector(table, row.connector.id);
  if (connector === undefined) return known;
  try {
    const config = configOf(connector, row);
    return targetOf(config) === row.target ? config : { bucket: '' };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { bucket: row.connector.config.bucket ?? connector.config.bucket ?? '' };
  }
}

/**
 * The plain URL of an object, which needs credentials unless the object is public; undefined where the endpoint is not
 * known. Keys with a segment `.` or `..` have no URL that every client keeps: a browser resolves those away.
 */
export function objectUrl(place: ObjectPlace, key: string): string | undefined {
  if (place.endpoint === undefined) return undefined;
  const host = place.endpoint === '' ? awsHostOf(place.region ?? '') : place.endpoint;
  const base = place.pathStyle === false ? `${place.bucket}.${host}` : `${host}/${place.bucket}`;
  const path = key.split('/').map(encodeSegment).join('/');
  return `${place.useSsl === false ? 'http' : 'https'}://${base}/${path}`;
}

/** RFC 3986 reserves these five, which encodeURIComponent leaves as they are; S3's own encoding takes them too. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
