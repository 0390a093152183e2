import { deleteDocument } from '#core/documents/delete-document.ts';
import { readDocument } from '#core/documents/read-document.ts';
import { Failure } from '#core/model/errors.ts';
import { searchDocuments } from '#core/search/search-documents.ts';
import type { RouteOf } from '../table/route.ts';
import type { CocoAnswer } from './answer-schemas.ts';
import { found, written } from './answers.ts';
import { commonSearchNames, searchRoutes } from './search-parameters.ts';

const one = { path: '/document/{doc_id}', fn: 'api', resource: 'doc_id' } as const;

export const documentRoutes: readonly RouteOf<'api', CocoAnswer>[] = [
  ...searchRoutes(
    '/document/_search',
    'document',
    [...commonSearchNames, 'cursor', 'datasource', 'path', 'view', 'prefix', 'extension'],
    ({ deps }, params) => searchDocuments(deps, params),
  ),
  ...searchRoutes(
    '/query/_search',
    'document',
    [...commonSearchNames, 'cursor', 'datasource', 'category'],
    ({ deps }, params) => searchDocuments(deps, params),
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
