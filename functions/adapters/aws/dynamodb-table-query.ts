import { type AttributeValue, QueryCommand, type QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { compareKeys } from '#core/keys/byte-order.ts';
import type { Item, Query } from '#core/model/ports/table.ts';
import { bounded } from './bounded.ts';
import type { TableTarget } from './dynamodb-table-target.ts';
import { type Attributes, toItem } from './dynamodb-table-values.ts';
import { persist } from './patience.ts';

/** The API takes a 32-bit Limit; a page of 1 MB hardly ever holds as many. */
const LARGEST_LIMIT = 100_000;

type Bound = { readonly sk: string; readonly inclusive: boolean };

/** Reads a slice, strongly consistent, a page of at most 1 MB (the limit of Query) at a time. */
export async function* queryItems(target: TableTarget, query: Query): AsyncGenerator<Item> {
  const lower = lowerBound(query);
  const upper = upperBound(query);
  if (isEmpty(lower, upper)) return;
  const input = toQueryInput(target.tableName, query, lower, upper);
  const dropped = new Set(lower && upper ? [lower, upper].filter((bound) => !bound.inclusive).map(({ sk }) => sk) : []);
  let left = query.limit ?? Number.POSITIVE_INFINITY;
  let startKey: Attributes | undefined;
  while (left > 0) {
    const limit = Number.isFinite(left) ? { Limit: Math.min(left + dropped.size, LARGEST_LIMIT) } : {};
    const command = new QueryCommand({ ...input, ...limit, ...(startKey && { ExclusiveStartKey: startKey }) });
    const page = await persist(target.patience, () => bounded((options) => target.client.send(command, options)));
    for (const attributes of page.Items ?? []) {
      const item = toItem(attributes);
      if (dropped.has(item.sk)) continue;
      yield item;
      left -= 1;
      if (left === 0) return;
    }
    startKey = page.LastEvaluatedKey;
    if (startKey === undefined) return;
  }
}

/** Everything is above the empty text, which DynamoDB takes for no bound. */
function lowerBound(query: Query): Bound | undefined {
  const sk = query.from ?? query.after;
  return sk ? { sk, inclusive: query.from !== undefined } : undefined;
}

function upperBound(query: Query): Bound | undefined {
  const sk = query.through ?? query.before;
  return sk === undefined ? undefined : { sk, inclusive: query.through !== undefined };
}

/** DynamoDB refuses a BETWEEN whose bounds are crossed, and empty texts in a key. */
function isEmpty(lower: Bound | undefined, upper: Bound | undefined): boolean {
  if (upper?.sk === '') return true;
  if (!lower || !upper) return false;
  const order = compareKeys(lower.sk, upper.sk);
  return order > 0 || (order === 0 && !(lower.inclusive && upper.inclusive));
}

function toQueryInput(
  tableName: string,
  query: Query,
  lower: Bound | undefined,
  upper: Bound | undefined,
): QueryCommandInput {
  const values: Record<string, AttributeValue> = { ':pk': { S: query.pk } };
  if (lower) values[':lower'] = { S: lower.sk };
  if (upper) values[':upper'] = { S: upper.sk };
  return {
    TableName: tableName,
    ConsistentRead: true,
    ScanIndexForward: query.direction !== 'descending',
    KeyConditionExpression: `pk = :pk${sortKeyCondition(lower, upper)}`,
    ExpressionAttributeValues: values,
  };
}

/** One condition on the sort key is all that a query may have, so with two bounds the excluded ends are read too. */
function sortKeyCondition(lower: Bound | undefined, upper: Bound | undefined): string {
  if (lower && upper) return ' AND sk BETWEEN :lower AND :upper';
  if (lower) return ` AND sk ${lower.inclusive ? '>=' : '>'} :lower`;
  return upper ? ` AND sk ${upper.inclusive ? '<=' : '<'} :upper` : '';
}
