import { Failure } from '#core/model/errors.ts';
import type { ApiDeps } from '../table/deps.ts';
import type { Reply, RequestContext, RouteOf } from '../table/route.ts';
import type { FlexorchAnswer } from './answer-schemas.ts';
import { demandDocument } from './document-face.ts';
import { refused, success } from './envelope.ts';
import { listDocuments } from './list-documents.ts';
import { itemsPage, pageParameters, readPageRequest } from './pages.ts';

export const documentRoutes: readonly RouteOf<'api', FlexorchAnswer>[] = [
  {
    method: 'GET',
    path: '/v1/documents',
    scope: 'read',
    fn: 'api',
    summary: 'List all documents, the newest first; beyond 10,000 by datasource and key, as `order` says',
    answer: 'v1_documents',
    query: [
      ...pageParameters,
      { name: 'cursor', description: 'next_cursor of the answer before: goes on beyond 10,000 documents' },
    ],
    handle: listed,
  },
  {
    method: 'GET',
    path: '/v1/documents/{document}',
    scope: 'read',
    fn: 'api',
    resource: 'document',
    summary: 'Read a document: the record of one object',
    answer: 'v1_document',
    handle: async ({ deps, param }) => {
      return success(await demandDocument(deps, param('document')));
    },
  },
  {
    method: 'POST',
    path: '/v1/documents/{document}/reprocess',
    scope: 'write',
    fn: 'api',
    resource: 'document',
    summary: 'Refused, as FlexOrch does for what came from a bucket: submit the key again instead',
    answer: 'v1_not_supported',
    success: 400,
    handle: async ({ deps, param }) => {
      await demandDocument(deps, param('document'));
      return refused(
        400,
        'REPROCESS_NOT_SUPPORTED',
        'a document is the record of an object in a bucket: to have it processed again, send its key to POST /v1/data-process/async with another Idempotency-Key',
      );
    },
  },
];

/** The core's: what lies further behind the start is reached by cursor only. */
const deepest = 10_000;

async function listed({ deps, query }: RequestContext<ApiDeps>): Promise<Reply> {
  const page = readPageRequest(query);
  if (page.page * page.pageSize > deepest) throw refuse('goes beyond 10,000 documents; go on by cursor');
  if (query.cursor !== undefined && query.page !== undefined) throw refuse('cannot go with cursor');
  const place = { from: (page.page - 1) * page.pageSize, size: page.pageSize };
  const { items, total, order, relation, cursor } = await listDocuments(deps, {
    ...place,
    ...(typeof query.cursor === 'string' && query.cursor !== '' ? { cursor: query.cursor } : {}),
  });
  return itemsPage(items, total, page, {
    order,
    ...(relation === 'gte' ? { total_relation: relation } : {}),
    ...(cursor === undefined ? {} : { next_cursor: cursor }),
  });
}

function refuse(reason: string): Failure {
  return new Failure('invalid_request', `page ${reason}`, { details: [{ path: 'page', reason }] });
}
