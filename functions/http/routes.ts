import { auditRoutes } from './coco/audit-routes.ts';
import { connectorRoutes } from './coco/connector-routes.ts';
import { datasourceRoutes } from './coco/datasource-routes.ts';
import { documentRoutes } from './coco/document-routes.ts';
import { keyRoutes } from './coco/key-routes.ts';
import { policyRoutes } from './coco/policy-routes.ts';
import { probeRoutes } from './coco/probe-routes.ts';
import { providerRoutes } from './coco/provider-routes.ts';
import { runRoutes } from './coco/run-routes.ts';
import * as flexorchConnectors from './flexorch/connector-routes.ts';
import * as flexorchDocuments from './flexorch/document-routes.ts';
import { jobRoutes } from './flexorch/job-routes.ts';
import { scheduleRoutes } from './flexorch/schedule-routes.ts';
import { usageRoutes } from './flexorch/usage-routes.ts';
import { webhookRoutes } from './flexorch/webhook-routes.ts';
import { healthRoutes } from './health-routes.ts';
import type { CrossOriginRules } from './steps/cross-origin.ts';
import type { FunctionName } from './table/deps.ts';
import type { Route, RouteOf } from './table/route.ts';

type Table = { readonly [F in FunctionName]: readonly RouteOf<F>[] };

const coco: Table = {
  api: [
    ...connectorRoutes,
    ...datasourceRoutes,
    ...policyRoutes,
    ...runRoutes,
    ...documentRoutes,
    ...providerRoutes,
    ...keyRoutes,
    ...healthRoutes,
    ...auditRoutes,
  ],
  probe: probeRoutes,
};

const flexorch: Table = {
  api: [
    ...flexorchConnectors.connectorRoutes,
    ...scheduleRoutes,
    ...flexorchDocuments.documentRoutes,
    ...jobRoutes,
    ...webhookRoutes,
    ...usageRoutes,
  ],
  probe: flexorchConnectors.connectorProbeRoutes,
};

const table: Table = {
  api: [...coco.api, ...flexorch.api],
  probe: [...coco.probe, ...flexorch.probe],
};

/** The route table: the router, the CDK routes, the OpenAPI document and the local server read it and nothing else. */
export const routes: readonly Route[] = [...table.api, ...table.probe];

/** What pages of other origins may send to these routes, and read of an answer: for our own steps and the gateway's. */
export const crossOriginRules: CrossOriginRules = {
  allowMethods: [...new Set(routes.map(({ method }) => method))],
  allowHeaders: [
    'authorization',
    'content-type',
    'x-api-key',
    'x-api-token',
    'x-document-redirect',
    'idempotency-key',
    'if-match',
  ],
  exposeHeaders: ['x-request-id', 'retry-after', 'etag'],
  maxAge: 3600,
};

/** The routes that one function serves. */
export function routesOf<F extends FunctionName>(fn: F): readonly RouteOf<F>[] {
  return table[fn];
}
