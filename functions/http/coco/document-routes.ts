import { annotateDocument, documentPatch } from '#core/documents/annotate-document.ts';
import { deleteDocument, deleteDocuments, documentIds } from '#core/documents/delete-document.ts';
import { readDocument } from '#core/documents/read-document.ts';
import { Failure } from '#core/model/errors.ts';
import { searchDocuments } from '#core/search/search-documents.ts';
import { withBody, withListBody } from '../body/route-body.ts';
import type { ApiDeps } from '../table/deps.ts';
import type { RequestContext, RouteOf } from '../table/route.ts';
import type { CocoAnswer } from './answer-schemas.ts';
import { found, removedMany, written } from './answers.ts';
import { commonSearchNames, searchRoutes } from './search-parameters.ts';

const one = { path: '/document/{doc_id}', fn: 'api', resource: 'doc_id' } as const;

export const documentRoutes: readonly RouteOf<'api', CocoAnswer>[] = [
  ...searchRoutes(
    '/document/_search',
    'document',
    [...commonSearchNames, 'cursor', 'datasource', 'path', 'view', 'prefix', 'extension'],
    ({ deps }, params, facets) => searchDocuments(deps, params, facets),
  ),
  ...searchRoutes(
    '/query/_search',
    'document',
    [...commonSearchNames, 'cursor', 'datasource', 'category', 'subcategory', 'rich_category'],
    ({ deps }, params, facets) => searchDocuments(deps, params, facets),
  ),
  {
    ...one,
    method: 'GET',
    scope: 'read',
    summary: 'Read a document: the record of one object',
    answer: 'found',
    handle: async ({ deps, param }) => {
      const document = await readDocument(deps, param('doc_id'));
      if (document === undefined) throw new Failure('not_found', 'there is no such document');
      return found(param('doc_id'), document);
    },
  },
  {
    ...one,
    method: 'PUT',
    scope: 'write',
    summary:
      'Write tags and summary of a document; they stay until its object changes. Other fields of a document are ignored',
    answer: 'written',
    ...withBody('document', documentPatch, async ({ deps, param }: RequestContext<ApiDeps>, { tags, summary }) => {
      await annotateDocument(deps, param('doc_id'), { tags, summary });
      return written(param('doc_id'), 'updated');
    }),
  },
  {
    path: '/document',
    method: 'DELETE',
    scope: 'write',
    fn: 'api',
    summary: 'Remove many documents from the catalogue; not_found names those that are not there',
    answer: 'deleted',
    ...withListBody('the list of documents', documentIds, async ({ deps }: RequestContext<ApiDeps>, ids) =>
      removedMany(await deleteDocuments(deps, ids)),
    ),
  },
  {
    ...one,
    method: 'DELETE',
    scope: 'write',
    summary: 'Remove a document from the catalogue; the object itself is not touched',
    answer: 'written',
    handle: async ({ deps, param }) => {
      await deleteDocument(deps, param('doc_id'));
      return written(param('doc_id'), 'deleted');
    },
  },
];
