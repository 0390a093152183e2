import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Item, Query } from '#core/model/ports/table.ts';
import type { SqliteFile } from './sqlite-table-file.ts';
import { type Row, toItem } from './sqlite-table-rows.ts';

/** Rows read at once. A page is held in memory, so no statement stays open while the consumer works. */
const PAGE = 500;

type Bound = { readonly operator: '>' | '>=' | '<' | '<='; readonly sk: string };

/** Reads a slice page by page; each page sees the table as it is then. */
export async function* queryRows(file: SqliteFile, query: Query): AsyncGenerator<Item> {
  const descending = query.direction === 'descending';
  let lower = lowerBound(query);
  let upper = upperBound(query);
  let left = query.limit ?? Number.POSITIVE_INFINITY;
  while (left > 0) {
    const wanted = Math.min(left, PAGE);
    const items = readPage(file, query.pk, { lower, upper, descending, limit: wanted });
    yield* items;
    const last = items.at(-1);
    if (last === undefined || items.length < wanted) return;
    left -= items.length;
    if (descending) upper = { operator: '<', sk: last.sk };
    else lower = { operator: '>', sk: last.sk };
    // SQLite answers at once: without this, a long query would keep timers and sockets waiting.
    await nextTurn();
  }
}

function lowerBound(query: Query): Bound | undefined {
  if (query.from !== undefined) return { operator: '>=', sk: query.from };
  return query.after === undefined ? undefined : { operator: '>', sk: query.after };
}

function upperBound(query: Query): Bound | undefined {
  if (query.through !== undefined) return { operator: '<=', sk: query.through };
  return query.before === undefined ? undefined : { operator: '<', sk: query.before };
}

type Slice = { lower: Bound | undefined; upper: Bound | undefined; descending: boolean; limit: number };

function readPage(file: SqliteFile, pk: string, { lower, upper, descending, limit }: Slice): Item[] {
  const bounds = [lower, upper].filter((bound) => bound !== undefined);
  const where = bounds.map((bound) => `AND sk ${bound.operator} ? `).join('');
  const order = descending ? 'DESC' : 'ASC';
  const statement = file.statement(`SELECT sk, body FROM items WHERE pk = ? ${where}ORDER BY sk ${order} LIMIT ?`);
  const rows = statement.all(pk, ...bounds.map((bound) => bound.sk), limit) as Omit<Row, 'pk'>[];
  return rows.map((row) => toItem(pk, row.sk, row.body));
}
