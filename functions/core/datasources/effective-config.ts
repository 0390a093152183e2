import type { ConnectorRow } from '../connectors/connector.ts';
import type { SealedSecrets, StoredS3Config } from '../connectors/s3-config.ts';
import { Failure } from '../errors.ts';
import type { VaultContext } from '../ports.ts';
import { shortHash } from '../short-hash.ts';
import type { DatasourceRow } from './datasource.ts';

/** Endpoint and credentials go together: whoever names one of these brings all that is needed, so that a secret kept
 *  for one endpoint is never sent to another. */
const blockFields = ['endpoint', 'region', 'use_ssl', 'path_style', 'list_version', 'access_key_id'] as const;

/** The settings a datasource really runs with, and whose sealed secrets open its bucket. */
export type EffectiveConfig = {
  readonly bucket: string;
  readonly endpoint: string;
  readonly region?: string;
  readonly useSsl: boolean;
  readonly pathStyle: boolean;
  readonly listVersion: 'auto' | 1 | 2;
  readonly accessKeyId: string;
  readonly prefix: string;
  readonly extensions: readonly string[];
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly secrets: SealedSecrets;
  readonly secretOwner: Omit<VaultContext, 'field'>;
};

type ConnectorPart = Pick<ConnectorRow, 'config' | 'secrets' | 'owner'>;
type DatasourcePart = Pick<DatasourceRow, 'secrets' | 'owner'> & { readonly config: StoredS3Config };

/** True if the datasource brings an endpoint or credentials of its own instead of inheriting the connector's. */
export function hasOwnBlock(datasource: Pick<DatasourcePart, 'config' | 'secrets'>): boolean {
  return (
    blockFields.some((field) => datasource.config[field] !== undefined) ||
    datasource.secrets.secret_access_key !== undefined ||
    datasource.secrets.session_token !== undefined
  );
}

/** Lays a datasource's settings over its connector's. Throws Failure `invalid_request` naming what is missing. */
export function effectiveConfig(connector: ConnectorPart, datasource: DatasourcePart): EffectiveConfig {
  const own = hasOwnBlock(datasource);
  const block = own ? datasource.config : connector.config;
  const secrets = own ? datasource.secrets : connector.secrets;
  const scope = { ...connector.config, ...datasource.config };
  const details = missing(scope.bucket, block, secrets);
  if (details.length > 0) {
    const names = details.map((detail) => detail.path.replace('connector.config.', '')).join(', ');
    throw new Failure('invalid_request', `connector.config lacks ${names}`, { details });
  }
  return {
    bucket: scope.bucket ?? '',
    endpoint: block.endpoint ?? '',
    region: block.region,
    useSsl: block.use_ssl ?? true,
    pathStyle: block.path_style ?? !servesVirtualHosts(block.endpoint ?? '', scope.bucket ?? ''),
    listVersion: block.list_version ?? 'auto',
    accessKeyId: block.access_key_id ?? '',
    prefix: scope.prefix ?? '',
    extensions: scope.extensions ?? [],
    include: scope.include ?? [],
    exclude: scope.exclude ?? [],
    secrets,
    secretOwner: own ? { kind: 'datasource', uid: datasource.owner } : { kind: 'connector', uid: connector.owner },
  };
}

/** AWS wants the bucket in the host name, where its wildcard certificate does not cover a bucket with a dot; other
 *  servers as a rule want it in the path. */
function servesVirtualHosts(endpoint: string, bucket: string): boolean {
  return (endpoint === '' || /\.amazonaws\.com(\.cn)?$/i.test(endpoint)) && !bucket.includes('.');
}

function missing(bucket: string | undefined, block: StoredS3Config, secrets: SealedSecrets) {
  const wanted: [string, boolean, string][] = [
    ['bucket', bucket !== undefined, 'is required, here or on the connector'],
    [
      'endpoint',
      (block.endpoint ?? '') !== '' || block.region !== undefined,
      'is required (host[:port]); it may be left empty only when region is given, for AWS',
    ],
    ['access_key_id', block.access_key_id !== undefined, 'is required together with secret_access_key'],
    ['secret_access_key', secrets.secret_access_key !== undefined, 'is required together with access_key_id'],
  ];
  return wanted
    .filter(([, present]) => !present)
    .map(([name, , reason]) => ({ path: `connector.config.${name}`, reason }));
}

/** The settings that a stored, or planned, datasource runs with. Throws as effectiveConfig does. */
export function configOf(
  connector: ConnectorPart,
  row: Pick<DatasourceRow, 'connector' | 'secrets' | 'owner'>,
): EffectiveConfig {
  return effectiveConfig(connector, { config: row.connector.config, secrets: row.secrets, owner: row.owner });
}

/** What the data of a datasource belongs to: another bucket or endpoint means other data, hence a new uid. */
export function targetOf(config: Pick<EffectiveConfig, 'endpoint' | 'bucket' | 'region'>): string {
  const place = config.endpoint === '' ? `aws:${config.region}` : config.endpoint.toLowerCase();
  return shortHash([place, config.bucket]);
}

/** The scope fingerprint: deletions are decided only if it was the same from a run's start to its end. */
export function fingerprintOf(config: EffectiveConfig): string {
  return shortHash([
    targetOf(config),
    config.prefix,
    [...config.extensions].sort(),
    [...config.include].sort(),
    [...config.exclude].sort(),
  ]);
}
