import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, expect, test } from 'vitest';
import { createDynamoDbTable } from '#adapters/aws/dynamodb-table.ts';
import { createTableDefinition } from '#adapters/aws/dynamodb-table-definition.ts';
import { startDynamoDbLocal } from '#support/dynamodb-local.ts';
import { expectAllWritten, race } from './race-over-http.ts';

const engine = await startDynamoDbLocal();

if ('endpoint' in engine) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint: engine.endpoint, region: 'us-east-1', credentials });
  afterAll(async () => {
    client.destroy();
    await engine.close();
  });
  test('given 10 changes at once on DynamoDB, the same holds', async () => {
    await client.send(new CreateTableCommand(createTableDefinition('overtaken')));
    expectAllWritten(await race(createDynamoDbTable(client, 'overtaken'), 10), 10);
  }, 120_000);
} else {
  test.skipIf(!process.env.CI)(`the race on DynamoDB Local runs in CI (${engine.skipped})`, () => {
    expect.fail(engine.skipped);
  });
}
