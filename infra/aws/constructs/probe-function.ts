import type { Construct } from 'constructs';
import type { ProbeEnvironment } from '#handlers/probe/env.ts';
import type { StackConfig } from '../config/config.ts';
import type { AdminKey } from './admin-key.ts';
import type { AssumableRoles } from './assumable-roles.ts';
import type { DataTable } from './data-table.ts';
import type { FrontDoorSecret } from './front-door-secret.ts';
import type { SecretsKey } from './secrets-key.ts';
import { longestAnswer, StocktakeFunction } from './stocktake-function.ts';
import type { WorkQueue } from './work-queue.ts';

type ProbeFunctionProps = {
  readonly config: StackConfig;
  readonly data: DataTable;
  readonly secrets: SecretsKey;
  readonly roles: AssumableRoles;
  readonly adminKey: AdminKey;
  readonly frontDoorSecret: FrontDoorSecret;
  readonly work: WorkQueue;
};

/** Answers the routes that look into a bucket: it can open secrets, and never seal one. */
export class ProbeFunction extends StocktakeFunction<ProbeEnvironment> {
  constructor(scope: Construct, id: string, props: ProbeFunctionProps) {
    const { config, data, secrets, roles, adminKey, work, frontDoorSecret } = props;
    super(scope, id, {
      name: 'probe',
      description: 'Tests and previews datasources of Stocktake, and leads to the content of documents',
      memoryMb: 1024,
      timeout: longestAnswer,
      config,
      network: config,
      reservedConcurrency: config.apiConcurrency,
      environment: (role) => ({
        ...data.grantCalls(role, 'probe', 'get', 'batchGet', 'query', 'put', 'delete', 'transact'),
        ...secrets.grantOpen(role),
        ...adminKey.grantRead(role),
        ...frontDoorSecret.grantRead(role),
        ...work.grantSend(role),
        ...roles.grantAssume(role),
        PRIVATE_ENDPOINTS: config.privateEndpoints.join(','),
        CORS_ORIGINS: config.corsOrigins.join(' '),
        ALLOWED_CIDRS: config.allowedCidrs.join(','),
      }),
    });
  }
}
