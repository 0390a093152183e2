import type { DynamoDBRecord } from 'aws-lambda';
import type { Item, ItemChange } from '#core/model/ports/table.ts';
import { type Attributes, toItem } from './dynamodb-table-values.ts';

type Image = NonNullable<NonNullable<DynamoDBRecord['dynamodb']>['NewImage']>;

/**
 * Reads one record of the table's stream, whose view must be NEW_AND_OLD_IMAGES. Throws if it is without text keys,
 * lacks the image that its event must have, or holds a type that Stocktake never writes.
 */
export function readStreamRecord({ eventName, dynamodb }: DynamoDBRecord): ItemChange {
  const { pk, sk } = itemOf(dynamodb?.Keys ?? {});
  const before = dynamodb?.OldImage && itemOf(dynamodb.OldImage);
  const after = dynamodb?.NewImage && itemOf(dynamodb.NewImage);
  const whole = eventName === 'REMOVE' ? before : eventName === 'MODIFY' ? before && after : after;
  if (whole === undefined) throw new Error(`a stream record of ${eventName ?? 'an unnamed event'} lacks an image`);
  return { key: { pk, sk }, ...(before && { before }), ...(after && { after }) };
}

/** Lambda writes binaries as text, the SDK as bytes; toItem refuses them, and all else is the same. */
function itemOf(image: Image): Item {
  return toItem(image as Attributes);
}
