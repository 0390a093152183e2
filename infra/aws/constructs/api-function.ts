import type { Construct } from 'constructs';
import type { ApiEnvironment } from '#handlers/api/env.ts';
import type { StackConfig } from '../config/config.ts';
import type { AdminKey } from './admin-key.ts';
import type { AssumableRoles } from './assumable-roles.ts';
import type { DataTable } from './data-table.ts';
import type { FrontDoorSecret } from './front-door-secret.ts';
import type { JobsQueue } from './jobs-queue.ts';
import type { SecretsKey } from './secrets-key.ts';
import { longestAnswer, StocktakeFunction } from './stocktake-function.ts';
import type { WorkQueue } from './work-queue.ts';

type ApiFunctionProps = {
  readonly config: StackConfig;
  readonly data: DataTable;
  readonly secrets: SecretsKey;
  readonly roles: AssumableRoles;
  readonly adminKey: AdminKey;
  readonly frontDoorSecret: FrontDoorSecret;
  readonly work: WorkQueue;
  readonly jobs: JobsQueue;
};

/** Answers the routes that open no secret: it can seal one, and never read it back. */
export class ApiFunction extends StocktakeFunction<ApiEnvironment> {
  constructor(scope: Construct, id: string, props: ApiFunctionProps) {
    const { config, data, secrets, roles, adminKey, work, jobs, frontDoorSecret } = props;
    super(scope, id, {
      name: 'api',
      description: 'Answers the HTTP API of Stocktake',
      memoryMb: 1024,
      timeout: longestAnswer,
      config,
      reservedConcurrency: config.apiConcurrency,
      environment: (role) => ({
        ...data.grantCalls(role, 'api', 'get', 'batchGet', 'query', 'put', 'delete', 'transact'),
        ...secrets.grantSeal(role),
        ...adminKey.grantRead(role),
        ...frontDoorSecret.grantRead(role),
        ...work.grantSend(role),
        ...jobs.grantSend(role),
        ...roles.tell(),
        PRIVATE_ENDPOINTS: config.privateEndpoints.join(','),
        CORS_ORIGINS: config.corsOrigins.join(' '),
        ALLOWED_CIDRS: config.allowedCidrs.join(','),
        MINIMUM_INTERVAL_SECONDS: String(config.minimumIntervalSeconds),
        MAX_DATASOURCES: String(config.maxDatasources),
        MAX_CONNECTORS: String(config.maxConnectors),
      }),
    });
  }
}
