import type { Condition } from '#core/model/ports/table.ts';
import type { Attributes } from './dynamodb-table-values.ts';

/** The part of a write request that carries its condition; empty without one. */
export type ConditionInput = {
  ConditionExpression?: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Attributes;
};

/** A condition in DynamoDB's expression grammar. A comparison with an attribute of another type is false there. */
export function toConditionInput(condition: Condition | undefined): ConditionInput {
  switch (condition?.type) {
    case undefined:
      return {};
    case 'absent':
      return { ConditionExpression: 'attribute_not_exists(#pk)', ExpressionAttributeNames: { '#pk': 'pk' } };
    case 'version':
      return {
        ConditionExpression: '#version = :version',
        ExpressionAttributeNames: { '#version': 'version' },
        ExpressionAttributeValues: { ':version': { N: String(condition.equals) } },
      };
    case 'fence':
      // A missing item has no fence either.
      return {
        ConditionExpression: 'attribute_not_exists(#fence) OR #fence <= :fence',
        ExpressionAttributeNames: { '#fence': 'fence' },
        ExpressionAttributeValues: { ':fence': { N: String(condition.atMost) } },
      };
    case 'matches':
      return toMatchInput(condition);
  }
}

/** A missing item has none of the attributes that must be equal, of which there is at least one. */
function toMatchInput({ equals, lacks = [] }: Extract<Condition, { type: 'matches' }>): ConditionInput {
  const wanted = Object.entries(equals);
  const terms = [
    ...wanted.map((_, index) => `#equal${index} = :equal${index}`),
    ...lacks.map((_, index) => `attribute_not_exists(#lack${index})`),
  ];
  const names = [
    ...wanted.map(([name], index) => [`#equal${index}`, name]),
    ...lacks.map((name, index) => [`#lack${index}`, name]),
  ];
  const values = wanted.map(([, value], index) => [
    `:equal${index}`,
    typeof value === 'number' ? { N: String(value) } : { S: value },
  ]);
  return {
    ConditionExpression: terms.join(' AND '),
    ExpressionAttributeNames: Object.fromEntries(names),
    ExpressionAttributeValues: Object.fromEntries(values),
  };
}
