import { type $Command, S3Client, type ServiceInputTypes, type ServiceOutputTypes } from '@aws-sdk/client-s3';
import type { Endpoint } from '#core/connectors/endpoint.ts';
import { Failure } from '#core/errors.ts';
import type { BucketTarget } from '#core/ports.ts';
import { connectionFailure, timeoutFailure } from './connection-failures.ts';
import type { Agents } from './endpoint-guard.ts';
import { type RawAnswer, takeRawAnswers } from './raw-answer.ts';
import { awsHostIn, awsHostOf, DEFAULT_REGION, isAwsHost, regionOfHost } from './region.ts';

export type SessionLimits = { readonly requestTimeoutMs: number; readonly maxPageBytes: number };

/** Any command of the S3 client, as its `send` takes it. */
type S3Command<In extends ServiceInputTypes, Out extends ServiceOutputTypes> = $Command<
  In,
  Out,
  S3Client['config'],
  ServiceInputTypes,
  ServiceOutputTypes
>;

/** A dead address should not use up the time of the whole call, three attempts included. */
const CONNECT_TIMEOUT_MS = 5_000;

/** One client, and what it learnt about where its bucket is. */
export class S3Session {
  readonly #target: BucketTarget;
  readonly #agents: Agents;
  readonly #limits: SessionLimits;
  readonly #port: number | undefined;
  #host: string;
  #region: string;
  #regionIsKnown: boolean;
  #client: S3Client;

  /** @param endpoint already admitted; undefined for AWS's own endpoint of the region. */
  constructor(target: BucketTarget, endpoint: Endpoint | undefined, agents: Agents, limits: SessionLimits) {
    const named = target.region || (endpoint && regionOfHost(endpoint.host));
    this.#target = target;
    this.#agents = agents;
    this.#limits = limits;
    this.#region = named || DEFAULT_REGION;
    this.#regionIsKnown = named !== undefined && named !== '';
    this.#host = endpoint?.host ?? awsHostOf(this.#region);
    this.#port = endpoint?.port;
    this.#client = this.#connect();
  }

  get region(): string {
    return this.#region;
  }

  /** False while the region is the default one and no answer has confirmed it. */
  get regionIsKnown(): boolean {
    return this.#regionIsKnown;
  }

  get client(): S3Client {
    return this.#client;
  }

  /**
   * Sends a command, with the SDK's retries, and gives the server's last answer, whatever its status. If the server
   * names another region, that is asked once more, and used from then on.
   *
   * @throws Failure when there is no answer: refused, unreachable, out of time, too long.
   */
  async ask<In extends ServiceInputTypes, Out extends ServiceOutputTypes>(
    command: () => S3Command<In, Out>,
  ): Promise<RawAnswer> {
    const askedIn = this.#region;
    const answer = await this.#send(command());
    if (answer.region !== undefined && answer.region !== askedIn && blamesRegion(answer)) {
      if (this.#region === askedIn) this.#moveTo(answer.region);
      return await this.#send(command());
    }
    if (!blamesRegion(answer)) this.#regionIsKnown = true;
    return answer;
  }

  async #send<In extends ServiceInputTypes, Out extends ServiceOutputTypes>(
    command: S3Command<In, Out>,
  ): Promise<RawAnswer> {
    const taken = takeRawAnswers(command.middlewareStack, this.#limits.maxPageBytes);
    // Bounds the call as a whole: the SDK's own timeouts do not stop a body that drips.
    const deadline = AbortSignal.timeout(this.#limits.requestTimeoutMs);
    try {
      await this.#client.send(command, { abortSignal: deadline });
    } catch (error) {
      // Anew, without what the SDK hangs on the errors that pass through it.
      if (error instanceof Failure) throw new Failure(error.code, error.message);
      // Out of time while waiting to retry: what the server said last tells more than that.
      if (deadline.aborted && taken.last === undefined) throw timeoutFailure(this.#limits.requestTimeoutMs);
      if (taken.last === undefined) throw connectionFailure(error, this.#target);
    }
    if (taken.last === undefined) throw new Error('the SDK answered without having asked');
    return taken.last;
  }

  #moveTo(region: string): void {
    this.#region = region;
    this.#regionIsKnown = true;
    if (isAwsHost(this.#host)) this.#host = awsHostIn(this.#host, region);
    this.#client = this.#connect();
  }

  /** Everything that the SDK would otherwise look for in the environment, in files or on the network is said. */
  #connect(): S3Client {
    const { accessKeyId, secretAccessKey, sessionToken } = this.#target.credentials;
    const host = this.#host.includes(':') ? `[${this.#host}]` : this.#host;
    return new S3Client({
      endpoint: `${this.#target.useSsl ? 'https' : 'http'}://${host}${this.#port === undefined ? '' : `:${this.#port}`}`,
      region: this.#region,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
      forcePathStyle: this.#target.pathStyle,
      requestHandler: {
        ...this.#agents,
        connectionTimeout: Math.min(CONNECT_TIMEOUT_MS, this.#limits.requestTimeoutMs),
      },
      maxAttempts: 3,
      retryMode: 'standard',
      defaultsMode: 'standard',
      // Other servers than AWS do not know the newer checksums, which are the default.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      authSchemePreference: ['aws.auth#sigv4'],
      followRegionRedirects: false,
      useArnRegion: false,
      useDualstackEndpoint: false,
      useFipsEndpoint: false,
      useAccelerateEndpoint: false,
      disableMultiregionAccessPoints: true,
      disableS3ExpressSessionAuth: true,
      userAgentAppId: 'stocktake',
    });
  }
}

/** S3 answers these to a request that was signed for, or sent to, another region than the bucket's. */
function blamesRegion(answer: RawAnswer): boolean {
  return answer.status === 301 || answer.status === 307 || answer.status === 400;
}
