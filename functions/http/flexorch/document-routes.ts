import { readDocument } from '#core/documents/read-document.ts';
import { extensionOf } from '#core/keys/file-name.ts';
import { Failure } from '#core/model/errors.ts';
import { searchDocuments } from '#core/search/search-documents.ts';
import type { ApiDeps } from '../table/deps.ts';
import type { Reply, RequestContext, RouteOf } from '../table/route.ts';
import type { FlexorchAnswer } from './answer-schemas.ts';
import { success } from './envelope.ts';
import { ResourceNotFound } from './not-found.ts';
import { itemsPage, pageParameters, readPageRequest } from './pages.ts';

export const documentRoutes: readonly RouteOf<'api', FlexorchAnswer>[] = [
  {
    method: 'GET',
    path: '/v1/documents',
    scope: 'read',
    fn: 'api',
    summary: 'List the documents of all datasources, by datasource and key',
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
      const document = await readDocument(deps, param('document'));
      if (document === undefined) throw new ResourceNotFound('document', param('document'));
      return success(documentFace(document));
    },
  },
];

/** The core's: what lies further behind the start is reached by cursor only. */
const deepest = 10_000;

async function listed({ deps, query }: RequestContext<ApiDeps>): Promise<Reply> {
  const page = readPageRequest(query);
  if (page.page * page.pageSize > deepest) throw refuse('goes beyond 10,000 documents; go on by cursor');
  if (query.cursor !== undefined && query.page !== undefined) throw refuse('cannot go with cursor');
  const { total, hits, nextCursor } = await searchDocuments(deps, {
    size: String(page.pageSize),
    ...(query.cursor === undefined ? { from: String((page.page - 1) * page.pageSize) } : { cursor: query.cursor }),
  });
  const more = {
    ...(nextCursor === undefined ? {} : { next_cursor: nextCursor }),
    // The contract's total is a bare number: while a run writes, there may be more than that.
    ...(total.relation === 'eq' ? {} : { total_relation: total.relation }),
  };
  return itemsPage(
    hits.map(({ source }) => documentFace(source)),
    total.value,
    page,
    more,
  );
}

function refuse(reason: string): Failure {
  return new Failure('invalid_request', `page ${reason}`, { details: [{ path: 'page', reason }] });
}

/** A document as this dialect shows it. The store knows an object by what a listing tells: its creation is its last
 *  modification. */
function documentFace(document: Record<string, unknown>): Record<string, unknown> {
  const { bucket, key, processing_count } = document.metadata as {
    readonly bucket: string;
    readonly key: string;
    readonly processing_count?: number;
  };
  return {
    id: document.id,
    filename: document.title,
    file_ext: extensionOf(key) ?? null,
    status: 'available',
    storage_path: `s3://${bucket}/${key}`,
    created_at: document.created,
    processing_count: processing_count ?? 0,
  };
}
