import { readCount } from '../steps/query-parameters.ts';
import type { QueryParameter, QueryValues, Reply } from '../table/route.ts';
import { success } from './envelope.ts';

/** Counted from 1. */
export type PageRequest = { readonly page: number; readonly pageSize: number };

const defaultPageSize = 50;
const largestPageSize = 200;
/** Ours: far behind any list that somebody pages through. */
const lastPage = 1_000_000;

export const pageParameters: readonly QueryParameter[] = [
  { name: 'page', description: 'which page, from 1' },
  { name: 'page_size', description: `how many on a page, ${defaultPageSize} by default, at most ${largestPageSize}` },
];

/** Reads `page` and `page_size`. Throws Failure `invalid_request`. */
export function readPageRequest(query: QueryValues): PageRequest {
  return {
    page: readCount(query, 'page', { from: 1, to: lastPage }) ?? 1,
    pageSize: readCount(query, 'page_size', { from: 1, to: largestPageSize }) ?? defaultPageSize,
  };
}

/** The part of a whole list that a page shows. */
export function pageOf<Each>(all: readonly Each[], { page, pageSize }: PageRequest): Each[] {
  return all.slice((page - 1) * pageSize, page * pageSize);
}

/** A page of a list; `total` counts the whole of it. */
export function itemsPage(items: readonly object[], total: number, { page, pageSize }: PageRequest, more = {}): Reply {
  return success({ items, total, page, page_size: pageSize, ...more });
}
