import type { Construct } from 'constructs';
import type { JobsEnvironment } from '#handlers/jobs/env.ts';
import type { StackConfig } from '../config/config.ts';
import type { AssumableRoles } from './assumable-roles.ts';
import type { DataTable } from './data-table.ts';
import type { JobsQueue } from './jobs-queue.ts';
import { queueShares } from './queue-shares.ts';
import type { SecretsKey } from './secrets-key.ts';
import { longestInvocation, StocktakeFunction } from './stocktake-function.ts';

type JobsFunctionProps = {
  readonly config: StackConfig;
  readonly data: DataTable;
  readonly secrets: SecretsKey;
  readonly roles: AssumableRoles;
  readonly jobs: JobsQueue;
};

/** Processes named keys and enriches changed objects: it opens secrets to ask buckets, and never seals one. */
export class JobsFunction extends StocktakeFunction<JobsEnvironment> {
  constructor(scope: Construct, id: string, { config, data, secrets, roles, jobs }: JobsFunctionProps) {
    super(scope, id, {
      name: 'jobs',
      description: 'Processes keys for Stocktake on request, and enriches changed objects',
      memoryMb: 512,
      timeout: longestInvocation,
      config,
      network: config,
      environment: (role) => ({
        ...data.grantCalls(role, 'jobs', 'get', 'batchGet', 'query', 'put', 'delete'),
        ...secrets.grantOpen(role),
        ...jobs.grantSend(role),
        ...roles.grantAssume(role),
        PRIVATE_ENDPOINTS: config.privateEndpoints.join(','),
      }),
    });
    jobs.feed(this.lambda, queueShares(config).jobs);
  }
}
