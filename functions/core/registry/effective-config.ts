import { plainExtension } from '../keys/extension.ts';
import { Failure } from '../model/errors.ts';
import type { VaultContext } from '../model/ports/vault.ts';
import { shortHash } from '../model/short-hash.ts';
import { awsProblems, isEndpointOfAws } from '../source/bucket-name.ts';
import { ownerProblems } from '../source/bucket-owner.ts';
import { endpointIdentity, tidyEndpoint } from '../source/endpoint.ts';
import { roleProblems } from '../source/role-arn.ts';
import type { SealedSecrets, StoredS3Config } from '../source/s3-config.ts';
import { servesVirtualHosts } from '../source/secret-destination.ts';
import type { ConnectorRow } from './connector.ts';
import type { DatasourceRow } from './datasource.ts';

/** Endpoint and credentials go together: whoever names one of these brings all that is needed, so that a secret kept
 *  for one endpoint is never sent to another. */
const blockFields = [
  ...(['endpoint', 'region', 'use_ssl', 'path_style', 'list_version'] as const),
  ...(['access_key_id', 'role_arn'] as const),
];

/** What opens a bucket, as it is kept: sealed keys, or the name of a role and what AWS is told when it is taken. */
export type CredentialsAtRest =
  | {
      readonly kind: 'keys';
      readonly accessKeyId: string;
      readonly secrets: SealedSecrets;
      readonly secretOwner: Omit<VaultContext, 'field'>;
    }
  | { readonly kind: 'role'; readonly roleArn: string; readonly externalId: string };

/** The settings a datasource really runs with, and whose sealed secrets open its bucket. */
export type EffectiveConfig = {
  readonly bucket: string;
  /** The account that the bucket is to belong to; of AWS's own S3 alone. */
  readonly expectedOwner?: string;
  readonly endpoint: string;
  readonly region?: string;
  readonly useSsl: boolean;
  readonly pathStyle: boolean;
  readonly listVersion: 'auto' | 1 | 2;
  readonly prefix: string;
  readonly extensions: readonly string[];
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly credentials: CredentialsAtRest;
};

type ConnectorPart = Pick<ConnectorRow, 'config' | 'secrets' | 'owner' | 'external_id'>;
type DatasourcePart = Pick<DatasourceRow, 'secrets' | 'owner' | 'external_id'> & { readonly config: StoredS3Config };

/** True if the datasource brings an endpoint or credentials of its own instead of inheriting the connector's. */
export function hasOwnBlock(datasource: Pick<DatasourcePart, 'config' | 'secrets'>): boolean {
  return (
    blockFields.some((field) => datasource.config[field] !== undefined) ||
    datasource.secrets.secret_access_key !== undefined ||
    datasource.secrets.session_token !== undefined
  );
}

/** Lays a datasource's settings over its connector's. Throws Failure `invalid_request` naming what is missing or wrong. */
export function effectiveConfig(connector: ConnectorPart, datasource: DatasourcePart): EffectiveConfig {
  const own = hasOwnBlock(datasource);
  const block = own ? datasource.config : connector.config;
  const scope = { ...connector.config, ...datasource.config };
  const endpoint = tidyEndpoint(block.endpoint ?? '');
  const expected = ownerFor(endpoint, connector.config, datasource.config);
  const judged = { ...block, bucket: scope.bucket, expected_bucket_owner: expected };
  demandWhole(judged, own ? datasource.secrets : connector.secrets);
  return {
    bucket: scope.bucket ?? '',
    ...(expected === undefined ? {} : { expectedOwner: expected }),
    endpoint,
    region: block.region,
    useSsl: block.use_ssl ?? true,
    pathStyle: block.path_style ?? !servesVirtualHosts(endpoint, scope.bucket ?? ''),
    listVersion: block.list_version ?? 'auto',
    prefix: scope.prefix ?? '',
    extensions: scope.extensions ?? [],
    include: scope.include ?? [],
    exclude: scope.exclude ?? [],
    credentials: own ? credentialsOf('datasource', block, datasource) : credentialsOf('connector', block, connector),
  };
}

/** What a connector says of an owner does not follow its datasource to another server than AWS's: that bucket is not the
 *  one that was meant. It does follow to another bucket of AWS, for to look in vain is safer than not to look. */
function ownerFor(endpoint: string, connector: StoredS3Config, datasource: StoredS3Config): string | undefined {
  const inherited = isEndpointOfAws(endpoint) ? connector.expected_bucket_owner : undefined;
  return datasource.expected_bucket_owner ?? inherited;
}

function credentialsOf(
  kind: 'connector' | 'datasource',
  block: StoredS3Config,
  { secrets, owner, external_id: externalId }: Omit<DatasourcePart, 'config'>,
): CredentialsAtRest {
  const { access_key_id: accessKeyId = '', role_arn: roleArn } = block;
  if (roleArn === undefined) return { kind: 'keys', accessKeyId, secrets, secretOwner: { kind, uid: owner } };
  // Without one, whoever knows of a role that trusts us could have it taken for a datasource of theirs.
  if (externalId === undefined) throw new Error(`the ${kind} ${owner} names a role and has no external id`);
  return { kind: 'role', roleArn, externalId };
}

/** The rules of a role, an owner and of AWS are asked here too, and not only at a save, for by these settings the bucket is dialled. */
function demandWhole(block: StoredS3Config, secrets: SealedSecrets): void {
  const details = missing(block, secrets);
  if (details.length > 0) {
    const names = details.map((detail) => detail.path.replace('connector.config.', '')).join(', ');
    throw new Failure('invalid_request', `connector.config lacks ${names}`, { details });
  }
  const ofAws = awsProblems({ ...block, endpoint: block.endpoint ?? '' });
  const unusable = [...roleProblems(block), ...ownerProblems(block), ...ofAws];
  const problems = unusable.map(({ path, reason }) => ({ path: `connector.config.${path}`, reason }));
  const [first] = problems;
  if (first !== undefined) throw new Failure('invalid_request', `${first.path} ${first.reason}`, { details: problems });
}

function missing(block: StoredS3Config, secrets: SealedSecrets) {
  const wanted: [string, boolean, string][] = [
    ['bucket', block.bucket !== undefined, 'is required, here or on the connector'],
    [
      'endpoint',
      (block.endpoint ?? '') !== '' || block.region !== undefined,
      'is required (host[:port]); it may be left empty only when region is given, for AWS',
    ],
    ['access_key_id', block.access_key_id !== undefined, 'is required together with secret_access_key'],
    ['secret_access_key', secrets.secret_access_key !== undefined, 'is required together with access_key_id'],
  ];
  const inPlaceOfKeys = block.role_arn === undefined ? [] : ['access_key_id', 'secret_access_key'];
  return wanted
    .filter(([name, present]) => !present && !inPlaceOfKeys.includes(name))
    .map(([name, , reason]) => ({ path: `connector.config.${name}`, reason }));
}

/** The settings that a stored, or planned, datasource runs with. Throws as effectiveConfig does. */
export function configOf(
  connector: ConnectorPart,
  row: Pick<DatasourceRow, 'connector' | 'secrets' | 'owner' | 'external_id'>,
): EffectiveConfig {
  return effectiveConfig(connector, { ...row, config: row.connector.config });
}

/** What the data of a datasource belongs to: another bucket or endpoint means other data, hence a new uid. */
export function targetOf(config: Pick<EffectiveConfig, 'endpoint' | 'bucket' | 'region'>): string {
  const place = config.endpoint === '' ? `aws:${config.region}` : endpointIdentity(config.endpoint);
  return shortHash([place, config.bucket]);
}

/** The scope fingerprint: deletions are decided only if it was the same from a run's start to its end. */
export function fingerprintOf(config: EffectiveConfig): string {
  return shortHash([
    targetOf(config),
    config.prefix,
    // Not as they are spelt: what an extension finds grew once (names such as `.env`), and a pass that was begun under the
    // former rule is not gone on with under this one.
    config.extensions.map((extension) => `*.${plainExtension(extension)}`).sort(),
    [...config.include].sort(),
    [...config.exclude].sort(),
  ]);
}
