import { annotateDocument, documentPatch } from '#core/documents/annotate-document.ts';
import { deleteDocument, deleteDocuments, documentIds } from '#core/documents/delete-document.ts';
import { readTaggedDocument } from '#core/documents/read-document.ts';
import { Failure } from '#core/model/errors.ts';
import type { Demand } from '#core/model/row-tag.ts';
import { searchDocuments } from '#core/search/search-documents.ts';
import { withBody, withListBody } from '../body/route-body.ts';
import { type Shown, underIfMatch } from '../steps/if-match.ts';
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
    tagged: true,
    handle: async (context) => {
      const { state, tag } = await shownDocument(context);
      return found(context.param('doc_id'), state, tag);
    },
  },
  {
    ...one,
    method: 'PUT',
    scope: 'write',
    summary:
      'Write tags and summary of a document; they stay until its object changes. Other fields of a document are ignored',
    answer: 'written',
    tagged: true,
    conditional: true,
    ...withBody('document', documentPatch, (context: RequestContext<ApiDeps>, { tags, summary }) => {
      const { deps, param } = context;
      const annotate = async (demand?: Demand) => {
        const tag = await annotateDocument(deps, param('doc_id'), { tags, summary }, demand);
        return written(param('doc_id'), 'updated', tag);
      };
      return underIfMatch(context, annotate, () => shownDocument(context));
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
    conditional: true,
    handle: (context) => {
      const { deps, param } = context;
      const remove = async (demand?: Demand) => {
        await deleteDocument(deps, param('doc_id'), demand);
        return written(param('doc_id'), 'deleted');
      };
      return underIfMatch(context, remove, () => shownDocument(context));
    },
  },
];

/** Throws Failure `not_found`. */
async function shownDocument({ deps, param }: RequestContext<ApiDeps>): Promise<Shown> {
  const document = await readTaggedDocument(deps, param('doc_id'));
  if (document === undefined) throw new Failure('not_found', 'there is no such document');
  return { state: document.view, tag: document.tag };
}
