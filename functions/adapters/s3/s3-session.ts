import { type $Command, S3Client, type ServiceInputTypes, type ServiceOutputTypes } from '@aws-sdk/client-s3';
import { Failure } from '#core/model/errors.ts';
import type { BucketTarget } from '#core/model/ports/bucket.ts';
import { awsHostIn, awsHostOf, isAwsHost, regionOfHost } from '#core/source/aws-host.ts';
import type { Endpoint } from '#core/source/endpoint.ts';
import { isAwsRegion } from '#core/source/region.ts';
import { OutOfTime, withinDeadline } from '../outbound/deadline.ts';
import type { Agents } from '../outbound/endpoint-guard.ts';
import { connectionFailure, mayPass, timeoutFailure } from './connection-failures.ts';
import { expectOwner } from './expected-owner.ts';
import type { KnownRegions } from './known-regions.ts';
import { OwnSecrets } from './own-secrets.ts';
import { type RawAnswer, takeRawAnswers } from './raw-answer.ts';
import { blamesRegion, confirmsRegion, DEFAULT_REGION, signFor } from './region.ts';
import { createRequestHandler } from './request-handler.ts';
import { type GivenUp, type Patience, Retries, retryAfterOf, type Trouble } from './retries.ts';
import { identityOf } from './session-identity.ts';
import { troubleOf } from './source-failures.ts';

export type SessionLimits = {
  readonly requestTimeoutMs: number;
  readonly attemptTimeoutMs: number;
  readonly maxPageBytes: number;
  readonly patience: Patience;
};

/** The last answer to a call, and how it came to be the last. */
export type Answer = RawAnswer & {
  readonly tries: number;
  /** Why a call that went wrong was not tried again. */
  readonly givenUp?: GivenUp;
  /** What the server asked to wait, where it was given up. */
  readonly retryAfterMs?: number;
};

/** A try that brought no answer; without `trouble` another one would bring none either. */
type Break = { readonly broken: Failure; readonly trouble?: Trouble };

/** Any command of the S3 client, as its `send` takes it. */
type S3Command<In extends ServiceInputTypes, Out extends ServiceOutputTypes> = $Command<
  In,
  Out,
  S3Client['config'],
  ServiceInputTypes,
  ServiceOutputTypes
>;

/** A dead address should not use up the time of the whole try. */
const CONNECT_TIMEOUT_MS = 5_000;

/** One client, and what it learnt about where its bucket is. */
export class S3Session {
  readonly #target: BucketTarget;
  readonly #agents: Agents;
  readonly #limits: SessionLimits;
  readonly #known: KnownRegions;
  /** Port and path, as they follow the host in a URL. */
  readonly #behindHost: string;
  readonly #retries: Retries;
  /** What no answer may hold. */
  readonly secrets: OwnSecrets;
  #host: string;
  #region: string;
  #regionIsConfirmed: boolean;
  #client: S3Client;

  /** @param endpoint already admitted; undefined for AWS's own endpoint of the region. */
  constructor(
    target: BucketTarget,
    endpoint: Endpoint | undefined,
    agents: Agents,
    limits: SessionLimits,
    known: KnownRegions,
  ) {
    const confirmed = known.find(target);
    const named = target.region || (endpoint && regionOfHost(endpoint.host));
    this.#target = target;
    this.#agents = agents;
    this.#limits = limits;
    this.secrets = new OwnSecrets(target.credentials);
    this.#retries = new Retries(limits.patience);
    this.#known = known;
    this.#region = confirmed ?? (named || DEFAULT_REGION);
    this.#regionIsConfirmed = confirmed !== undefined;
    this.#host = hostFor(endpoint, this.#region, confirmed);
    this.#behindHost = `${endpoint?.port === undefined ? '' : `:${endpoint.port}`}${endpoint?.path ?? ''}`;
    this.#client = this.#connect();
  }

  get region(): string {
    return this.#region;
  }

  /** False while no answer has shown that the region is the bucket's, whoever named it. */
  get regionIsConfirmed(): boolean {
    return this.#regionIsConfirmed;
  }

  /** Our own clock, epoch milliseconds. */
  now(): number {
    return this.#limits.patience.now();
  }

  get client(): S3Client {
    return this.#client;
  }

  /**
   * Sends a command, again while that can help, and gives the server's last answer, whatever its status. If the server
   * names another region, that is asked once more, and used from then on.
   *
   * @param maxKeys of a listing: how many keys were asked for.
   * @throws Failure when there is no answer: refused, unreachable, out of time, too long.
   */
  async ask<In extends ServiceInputTypes, Out extends ServiceOutputTypes>(
    command: () => S3Command<In, Out>,
    maxKeys?: number,
  ): Promise<Answer> {
    const askedIn = this.#region;
    const answer = await this.#persist(command, maxKeys);
    if (answer.region === undefined || !blamesRegion(answer) || !this.#mayMove(askedIn, answer.region)) {
      return this.#noted(answer, askedIn);
    }
    if (this.#region === askedIn) this.#moveTo(answer.region);
    const movedTo = this.#region;
    return this.#noted(await this.#persist(command, maxKeys), movedTo);
  }

  #noted(answer: Answer, askedIn: string): Answer {
    if (askedIn === this.#region && confirmsRegion(answer, askedIn)) {
      if (!this.#regionIsConfirmed) this.#known.note(this.#target, askedIn);
      this.#regionIsConfirmed = true;
    }
    return answer;
  }

  /** A region becomes a part of the name of an AWS host: one that is spelt otherwise is another name. */
  #mayMove(from: string, to: string): boolean {
    return to !== from && (!isAwsHost(this.#host) || isAwsRegion(to));
  }

  /** Our own retries and not the SDK's: its three quick tries know no budget and keep no Retry-After. */
  async #persist<In extends ServiceInputTypes, Out extends ServiceOutputTypes>(
    command: () => S3Command<In, Out>,
    maxKeys: number | undefined,
  ): Promise<Answer> {
    const { requestTimeoutMs, attemptTimeoutMs, patience } = this.#limits;
    const until = patience.now() + requestTimeoutMs;
    await this.#retries.pace();
    for (let tries = 1; ; tries++) {
      // At least something, so that a call which only waited its turn is made.
      const timeMs = Math.max(1, Math.ceil(Math.min(attemptTimeoutMs, until - patience.now())));
      const outcome = await this.#try(command(), maxKeys, timeMs);
      const trouble = 'broken' in outcome ? outcome.trouble : troubleOf(outcome);
      if (trouble === undefined && !('broken' in outcome)) {
        this.#retries.wentWell();
        return { ...outcome, tries };
      }
      const retryAfterMs = 'broken' in outcome ? 0 : this.#retryAfter(outcome);
      const verdict =
        trouble === undefined
          ? ({ givenUp: 'tries' } as const)
          : this.#retries.judge(trouble, tries, retryAfterMs, until - patience.now());
      if ('waitMs' in verdict) await patience.wait(verdict.waitMs);
      else if ('broken' in outcome) throw outcome.broken;
      else return { ...outcome, tries, givenUp: verdict.givenUp, retryAfterMs };
    }
  }

  async #try<In extends ServiceInputTypes, Out extends ServiceOutputTypes>(
    command: S3Command<In, Out>,
    maxKeys: number | undefined,
    timeMs: number,
  ): Promise<RawAnswer | Break> {
    const { maxPageBytes } = this.#limits;
    const taken = takeRawAnswers(command.middlewareStack, { maxBytes: maxPageBytes, maxKeys, secrets: this.secrets });
    try {
      // Bounds the try as a whole: the SDK's own timeouts do not stop a body that drips, and it may never settle.
      await withinDeadline(timeMs, (abortSignal) => this.#client.send(command, { abortSignal }));
    } catch (error) {
      // Anew, without what the SDK hangs on the errors that pass through it.
      if (error instanceof Failure) return { broken: new Failure(error.code, error.message) };
      if (taken.last === undefined) {
        if (error instanceof OutOfTime) return { broken: timeoutFailure(timeMs), trouble: 'slow' };
        return { broken: connectionFailure(error, this.#target), ...(mayPass(error) ? { trouble: 'unwell' } : {}) };
      }
    }
    if (taken.last === undefined) throw new Error('the SDK answered without having asked');
    return taken.last;
  }

  #retryAfter({ headers, serverTime }: RawAnswer): number {
    return retryAfterOf(headers['retry-after'], serverTime ?? this.#limits.patience.now());
  }

  #moveTo(region: string): void {
    this.#region = region;
    this.#regionIsConfirmed = false;
    if (isAwsHost(this.#host)) this.#host = awsHostIn(this.#host, region);
    this.#client = this.#connect();
  }

  /** Everything that the SDK would otherwise look for in the environment, in files or on the network is said. */
  #connect(): S3Client {
    const host = this.#host.includes(':') ? `[${this.#host}]` : this.#host;
    const client = new S3Client({
      endpoint: `${this.#target.useSsl ? 'https' : 'http'}://${host}${this.#behindHost}`,
      region: isAwsHost(this.#host) ? this.#region : DEFAULT_REGION,
      credentials: identityOf(this.#target.credentials, this.secrets),
      forcePathStyle: this.#target.pathStyle,
      requestHandler: createRequestHandler(this.#agents, Math.min(CONNECT_TIMEOUT_MS, this.#limits.attemptTimeoutMs)),
      maxAttempts: 1,
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
    signFor(client, this.#region);
    if (this.#target.expectedOwner !== undefined) expectOwner(client, this.#target.expectedOwner);
    return client;
  }
}

/** The host that was named; of AWS's own the one in the region that was learnt before. */
function hostFor(endpoint: Endpoint | undefined, region: string, learnt: string | undefined): string {
  if (endpoint === undefined) return awsHostOf(region);
  const isElsewhere = learnt !== undefined && learnt !== (regionOfHost(endpoint.host) ?? DEFAULT_REGION);
  return isElsewhere && isAwsHost(endpoint.host) ? awsHostIn(endpoint.host, learnt) : endpoint.host;
}
