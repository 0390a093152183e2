import { documentUrl } from '#core/documents/document-url.ts';
import { Failure } from '#core/model/errors.ts';
import { previewDatasource } from '#core/probe/preview-datasource.ts';
import { testDatasource } from '#core/probe/test-datasource.ts';
import { requestRun } from '#core/runs/request-run.ts';
import { withoutBody } from '../body/route-body.ts';
import { readCount } from '../steps/query-parameters.ts';
import type { ProbeDeps } from '../table/deps.ts';
import type { QueryParameter, Reply, RequestContext, RouteOf } from '../table/route.ts';
import type { CocoAnswer } from './answer-schemas.ts';
import { plain, runAccepted } from './answers.ts';

const common = { fn: 'probe' } as const;

/** How long a link to an object's content works: long enough to follow it, too short to be passed on. */
const urlSeconds = 300;

const mostKeys = 10_000;
const keysParameter: QueryParameter = {
  name: 'keys',
  description: `looks at so many of the first objects at once, 1–${mostKeys.toLocaleString('en')}`,
};

/** The routes that open a datasource's secrets. */
export const probeRoutes: readonly RouteOf<'probe', CocoAnswer>[] = [
  {
    ...common,
    method: 'POST',
    path: '/datasource/{id}/_test',
    costly: true,
    scope: 'write',
    summary: 'Try the settings of a datasource: lists one object',
    answer: 'connection_test',
    ...withoutBody(async ({ deps, param }: RequestContext<ProbeDeps>) =>
      plain(await testDatasource(deps, param('id'))),
    ),
  },
  {
    ...common,
    method: 'GET',
    path: '/datasource/{id}/_preview',
    costly: true,
    scope: 'read',
    summary: 'Say what a sync would do with the first objects; writes nothing',
    answer: 'preview',
    query: [keysParameter],
    handle: (context) => quickLook(context, demandKeys(context)),
  },
  {
    ...common,
    method: 'POST',
    path: '/datasource/{id}/_preview',
    costly: true,
    scope: 'write',
    summary: 'Start a dry run that says what a sync would do; with keys look at the first objects at once',
    answer: 'preview',
    query: [keysParameter],
    ...withoutBody(preview),
  },
  {
    ...common,
    method: 'GET',
    path: '/document/{doc_id}/raw_content/{hint}',
    scope: 'read',
    summary: 'Lead to the content of an object by a short-lived URL; as JSON with X-Document-Redirect: true',
    answer: 'raw_content',
    resource: 'doc_id',
    handle: rawContent,
  },
];

function keysOf(context: RequestContext<ProbeDeps>): number | undefined {
  return readCount(context.query, 'keys', { from: 1, to: mostKeys });
}

/** A GET may not start work that others wait for: a link or an image on a web page can make one. */
function demandKeys(context: RequestContext<ProbeDeps>): number {
  const keys = keysOf(context);
  if (keys !== undefined) return keys;
  throw new Failure('invalid_request', 'keys is required with GET; POST without it starts a dry run of everything', {
    details: [{ path: 'keys', reason: 'is required with GET' }],
  });
}

async function quickLook({ deps, param }: RequestContext<ProbeDeps>, keys: number): Promise<Reply> {
  return plain(await previewDatasource(deps, param('id'), keys));
}

async function preview(context: RequestContext<ProbeDeps>): Promise<Reply> {
  const keys = keysOf(context);
  if (keys !== undefined) return quickLook(context, keys);
  const request = { datasource: context.param('id'), trigger: 'api', dryRun: true } as const;
  const { run, alreadyOn } = await requestRun(context.deps, request);
  if (!alreadyOn || run.dry_run) return runAccepted(run);
  throw new Failure('conflict', `run ${run.id} is on; wait for it to end, then ask for a dry run again`);
}

async function rawContent({ deps, param, header }: RequestContext<ProbeDeps>): Promise<Reply> {
  const url = await documentUrl(deps, param('doc_id'), urlSeconds);
  if (header('x-document-redirect')?.toLowerCase() === 'true') return plain({ url });
  return { status: 302, body: { url }, headers: { location: url } };
}
