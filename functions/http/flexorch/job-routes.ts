import { processingInput } from '#core/jobs/processing-input.ts';
import { listJobs, readJob } from '#core/jobs/read-job.ts';
import { submitOnce } from '#core/jobs/submit-once.ts';
import { withFormBody } from '../body/route-body.ts';
import { isNumber } from '../steps/path-parameters.ts';
import type { ApiDeps } from '../table/deps.ts';
import type { RequestContext, RouteOf } from '../table/route.ts';
import type { FlexorchAnswer } from './answer-schemas.ts';
import { demandConnector } from './connector-face.ts';
import { createRequest } from './create-request.ts';
import { accepted, success } from './envelope.ts';
import { ResourceNotFound } from './not-found.ts';
import { itemsPage, pageParameters, readPageRequest } from './pages.ts';

/** In a form these fields hold JSON. */
const jsonFields = ['source', 'pipeline_config'];

export const jobRoutes: readonly RouteOf<'api', FlexorchAnswer>[] = [
  {
    method: 'POST',
    path: '/v1/data-process/async',
    costly: true,
    scope: 'write',
    fn: 'api',
    summary: 'Process up to 1,000 keys of a connector: one job each',
    answer: 'v1_processing',
    success: 202,
    idempotent: true,
    ...withFormBody('request', processingInput, jsonFields, async (context: RequestContext<ApiDeps>, input) => {
      const { deps } = context;
      const connector = await demandConnector(deps.table, idText(input.source.connector_id));
      const request = createRequest(context, 'POST /v1/data-process/async');
      const { created: _created, ...told } = await submitOnce(deps, connector, input, request);
      const [first] = told.job_ids;
      return accepted(told, { poll: first === undefined ? null : `/v1/jobs/${first}` });
    }),
  },
  {
    method: 'GET',
    path: '/v1/jobs',
    scope: 'read',
    fn: 'api',
    summary: 'List the jobs of the last 30 days, the newest first',
    answer: 'v1_jobs',
    query: pageParameters,
    handle: async ({ deps, query }) => {
      const page = readPageRequest(query);
      const { items, total } = await listJobs(deps, page);
      return itemsPage(items, total, page);
    },
  },
  {
    method: 'GET',
    path: '/v1/jobs/{job}',
    scope: 'read',
    fn: 'api',
    resource: 'job',
    summary: 'Read a job: how far it is, and how it ended',
    answer: 'v1_job',
    handle: async ({ deps, param }) => {
      const job = await readJob(deps, Number(param('job')));
      if (job === undefined) throw new ResourceNotFound('job', param('job'));
      return success(job);
    },
  },
];

/** What cannot be the id of a connector is one that is not there. */
function idText(id: number | string): string {
  const text = String(id);
  if (!isNumber(text)) throw new ResourceNotFound('connector', text);
  return text;
}
