import { createServer, type Server } from 'node:net';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientSettings } from '#adapters/aws/client-settings.ts';

let server: Server;
let endpoint: string;
let connections = 0;

/** Takes connections and never answers, as behind a firewall that drops packets. */
beforeAll(async () => {
  server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  endpoint = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
afterAll(() => void server.close());

const times = { connectMs: 200, attemptMs: 50, attempts: 2 };
const place = () => ({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  ...clientSettings(times),
});
const key = { pk: { S: 'p' }, sk: { S: 's' } };
const role = { RoleArn: 'arn:aws:iam::111122223333:role/reader', RoleSessionName: 'test' };

const calls: [string, () => Promise<unknown>][] = [
  ['DynamoDB', () => new DynamoDBClient(place()).send(new GetItemCommand({ TableName: 't', Key: key }))],
  ['EventBridge', () => new EventBridgeClient(place()).send(new PutEventsCommand({ Entries: [{ Source: 's' }] }))],
  ['KMS', () => new KMSClient(place()).send(new DecryptCommand({ CiphertextBlob: new Uint8Array(1) }))],
  ['SQS', () => new SQSClient(place()).send(new SendMessageCommand({ QueueUrl: `${endpoint}/1/q`, MessageBody: 'm' }))],
  ['Scheduler', () => new SchedulerClient(place()).send(new GetScheduleCommand({ Name: 'n' }))],
  ['Secrets Manager', () => new SecretsManagerClient(place()).send(new GetSecretValueCommand({ SecretId: 's' }))],
  ['STS', () => new STSClient(place()).send(new AssumeRoleCommand(role))],
];

it.each(calls)('given a server that never answers, %s gives up after its tries', async (_name, call) => {
  const before = connections;
  await expect(call()).rejects.toMatchObject({ name: 'TimeoutError' });
  expect(connections - before).toBe(times.attempts);
});
