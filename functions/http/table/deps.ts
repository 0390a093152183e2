import type { Clock, Log } from '#core/model/ports/host.ts';
import type { Table } from '#core/model/ports/table.ts';
import type { WebhookAddresses } from '#core/model/ports/webhooks.ts';
import type { WorkQueue } from '#core/model/ports/work-queue.ts';
import type { RowQuotas } from '#core/model/quota.ts';
import type { OpenDeps } from '#core/registry/open-bucket.ts';
import type { RequestDeps } from '#core/runs/request-run.ts';
import type { MergeDeps } from '#core/source/merge-config.ts';
import type { ApiKeys } from './api-keys.ts';
import type { FrontDoor } from './front-door.ts';

/** What the api function's routes need. It can seal secrets and never open one, so it cannot dial a bucket either. */
export type ApiDeps = RequestDeps &
  MergeDeps & {
    /** Takes batches of jobs. */
    readonly jobs: WorkQueue;
    /** Shortest interval a datasource may ask for, in seconds. */
    readonly minimumIntervalSeconds: number;
    readonly webhookAddresses: WebhookAddresses;
    /** How many datasources and connectors there may be. */
    readonly quotas?: RowQuotas | undefined;
    /** To tell whether anybody needs a key, and whether one gets in that is not stored. */
    readonly apiKeys: Pick<ApiKeys, 'configured' | 'hasOwnManagingKey'>;
  };

/** What the probe function's routes need: those that open a datasource's secrets to look into its bucket. */
export type ProbeDeps = RequestDeps & OpenDeps;

/** What every request needs, whichever function serves it. */
export type EveryDeps = {
  readonly apiKeys: ApiKeys;
  readonly clock: Clock;
  readonly log: Log;
  /** Counts what each key asks of the costly routes. */
  readonly table: Table;
  /** Origins whose pages may call; none if not said. */
  readonly corsOrigins?: readonly string[];
  /** Networks (`203.0.113.0/24`) that are answered; all where there are none. */
  readonly allowedNetworks?: readonly string[];
  /** Where a distribution stands before the gateway: what it may send. */
  readonly frontDoor?: FrontDoor | undefined;
  /** Whether callers come over TLS, and browsers are to come so for good. */
  readonly overTls?: boolean;
};

/** Enough for both functions, for a host that runs them in one process. */
export type HttpDeps = ApiDeps & ProbeDeps & EveryDeps;

/** The functions that serve HTTP. */
export type FunctionName = 'api' | 'probe';

/** What the routes of each function are given. */
export type DepsOf = { readonly api: ApiDeps; readonly probe: ProbeDeps };
