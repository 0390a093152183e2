import { Failure } from '#core/model/errors.ts';
import type { Buckets, BucketTarget } from '#core/model/ports/bucket.ts';
import type { AccessKeys } from '#core/model/ports/roles.ts';
import { awsProblems, bucketNamePattern } from '#core/source/bucket-name.ts';
import { ownerProblems } from '#core/source/bucket-owner.ts';
import { isRegion } from '#core/source/region.ts';
import { timeBudget } from '#core/timing/time-budget.ts';
import { admitEndpoint, guardedAgents, type Lookup } from '../outbound/endpoint-guard.ts';
import { ClosingWatch } from './closing-watch.ts';
import { KnownRegions } from './known-regions.ts';
import { type Patience, systemPatience } from './retries.ts';
import { S3Bucket } from './s3-bucket.ts';
import { S3Session } from './s3-session.ts';

export type S3BucketsOptions = {
  /** Whether endpoints at loopback and private addresses may be used: all, none, or those `host[:port]` by name. */
  readonly allowPrivateEndpoints: boolean | readonly string[];
  /** For one call, its retries and the reading of its answer included. 45,000 by default. */
  readonly requestTimeoutMs?: number;
  /** For one try of it: connecting, headers and the whole body. 20,000 by default; a page comes in under a second. */
  readonly attemptTimeoutMs?: number;
  /** How long the answer to one listing may be. 16 MiB by default: 1,000 keys of 1,024 escaped bytes take 4 MiB. */
  readonly maxPageBytes?: number;
  /** How long a connection that nobody uses is kept. 10,000 by default. */
  readonly idleConnectionMs?: number;
  /** Waits, clock and chance; the system's by default. */
  readonly patience?: Partial<Patience>;
  /** Resolves names; the system's resolver by default. */
  readonly lookup?: Lookup;
  /** Refusals of names come at whole multiples of it, 1,000 by default. */
  readonly refusalMs?: number;
};

/**
 * Opens buckets on S3 servers with the AWS SDK.
 *
 * `open` throws Failure: `endpoint_refused` before any connection, `directory_bucket`, `credentials_invalid` for empty
 * credentials (the SDK would take the host's own instead), `invalid_request` for what cannot be a bucket or a region.
 */
export function createBuckets(options: S3BucketsOptions): Buckets {
  const { sourceCallMs, sourceAttemptMs } = timeBudget;
  const {
    requestTimeoutMs = sourceCallMs,
    attemptTimeoutMs = sourceAttemptMs,
    maxPageBytes = 16 * 1024 * 1024,
  } = options;
  const patience = { ...systemPatience, ...options.patience };
  const regions = new KnownRegions(patience.now);
  const limits = { requestTimeoutMs, attemptTimeoutMs, maxPageBytes, patience };
  return {
    open(target) {
      checkTarget(target);
      const admitted =
        target.endpoint === ''
          ? undefined
          : admitEndpoint(target.endpoint, target.useSsl, options.allowPrivateEndpoints);
      const agents = guardedAgents(admitted?.reach ?? 'public', {
        lookup: options.lookup,
        idleMs: options.idleConnectionMs,
        refusalMs: options.refusalMs,
        ownNames: admitted === undefined,
        endpoint: admitted?.endpoint,
      });
      const session = new S3Session(target, admitted?.endpoint, agents, limits, regions);
      const watch = new ClosingWatch(agents, limits.patience.now);
      return new S3Bucket(target, session, watch, () => {
        agents.httpAgent.destroy();
        agents.httpsAgent.destroy();
      });
    },
  };
}

/** Whatever could not stand in a header is no credential either. */
function checkKeys({ accessKeyId, secretAccessKey, sessionToken = '-' }: AccessKeys): void {
  if ([accessKeyId, secretAccessKey, sessionToken].every((text) => /^[\x21-\x7e]+$/.test(text))) return;
  throw new Failure(
    'credentials_invalid',
    'An access key id and its secret are needed, of printable ASCII without spaces; so is a session token if there is one.',
  );
}

function checkTarget(target: BucketTarget): void {
  if (!('take' in target.credentials)) checkKeys(target.credentials);
  if (!bucketNamePattern.test(target.bucket))
    throw new Failure('invalid_request', 'This cannot be the name of a bucket.');
  if (target.bucket.endsWith('--x-s3')) {
    throw new Failure(
      'directory_bucket',
      'Directory buckets (S3 Express One Zone, names in --x-s3) do not list their keys in order, so that they cannot be synced safely. Use a general purpose bucket.',
    );
  }
  if (target.region && !isRegion(target.region)) {
    throw new Failure(
      'invalid_request',
      'A region is written as in eu-west-1: letters, 0–9, dot, underscore and hyphen.',
    );
  }
  const [problem] = [
    ...awsProblems(target),
    ...ownerProblems({ endpoint: target.endpoint, expected_bucket_owner: target.expectedOwner }),
  ];
  if (problem !== undefined) throw new Failure('invalid_request', `The ${problem.path} ${problem.reason}.`);
}
