import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Context, SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { reportFailure } from '#handlers/runtime/lambda-runtime.ts';
import { createRecordingLog } from '#support/recording-log.ts';

/** Something on loopback that takes what is sent to SQS, in its JSON protocol. */
async function startQueue() {
  const requests: unknown[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      requests.push(JSON.parse(body));
      response.setHeader('content-type', 'application/x-amz-json-1.0').end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests, close: () => server.close() };
}

const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 900_000 } as Context;

describe('a failed invocation', () => {
  test('given an SDK error, Lambda learns of it without what hangs on it, and the log has name and message', async () => {
    const log = createRecordingLog();
    const error = Object.assign(new Error('denied'), {
      name: 'AccessDenied',
      $response: { authorization: 'secret-1' },
    });
    const handler = reportFailure(log, async () => {
      throw error;
    });
    const thrown = await handler({}, context).catch((reason: unknown) => reason);
    expect(JSON.stringify({ ...(thrown as object), text: String(thrown) })).not.toContain('secret-1');
    expect((thrown as Error).cause).toBeUndefined();
    expect(log.lines).toEqual([
      {
        level: 'error',
        fact: 'invocation failed',
        fields: { request_id: 'request-1', error: 'AccessDenied', message: 'denied' },
      },
    ]);
  });
});

describe('the sync function', () => {
  let handler: (event: unknown, context: Context) => Promise<unknown>;
  let queue: Awaited<ReturnType<typeof startQueue>>;

  afterAll(() => queue.close());

  beforeAll(async () => {
    queue = await startQueue();
    for (const [name, value] of Object.entries({
      TABLE_NAME: 'table',
      KEY_ARN: 'key',
      WORK_QUEUE_URL: `${queue.url}/1`,
      PRIVATE_ENDPOINTS: '',
      ASSUMABLE_ROLES: '',
      ASSUMING_ROLES: '',
      RUN_TIME_LIMIT_SECONDS: '60',
      SYNC_WORKERS: '2',
      MAX_OBJECTS: '2000000000',
      HOLD_ABOVE_OBJECTS: '10',
      HOLD_ABOVE_SHARE: '0.15',
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
    })) {
      vi.stubEnv(name, value);
    }
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    ({ handler } = await import('#handlers/sync/handler.ts'));
  });

  test('given messages that cannot be read, it names them to be given again', async () => {
    const record = (messageId: string, body: string) => ({
      ...{ messageId, body, eventSource: 'aws:sqs', receiptHandle: `receipt-${messageId}` },
      attributes: { ApproximateReceiveCount: '2' },
    });
    const batch = { Records: [record('one', 'no JSON'), record('two', '{"type":"unheard-of"}')] };
    expect(await handler(batch, context)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'one' }, { itemIdentifier: 'two' }],
    });
    expect(queue.requests).toMatchObject([
      { ReceiptHandle: 'receipt-one', VisibilityTimeout: 20 },
      { ReceiptHandle: 'receipt-two', VisibilityTimeout: 20 },
    ]);
  });

  test('given what is neither a batch nor a tick, it fails rather than to guess', async () => {
    await expect(handler({ datasource: 'docs' }, context)).rejects.toThrow('the invocation failed with ZodError');
    await expect(handler(null, context)).rejects.toThrow('the invocation failed');
  });
});

describe('the jobs function', () => {
  test('given a message that cannot be read, it names it to be given again soon', async () => {
    const queue = await startQueue();
    for (const [name, value] of Object.entries({
      TABLE_NAME: 'table',
      KEY_ARN: 'key',
      JOBS_QUEUE_URL: `${queue.url}/1`,
      PRIVATE_ENDPOINTS: '',
      ASSUMABLE_ROLES: '',
      ASSUMING_ROLES: '',
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
    })) {
      vi.stubEnv(name, value);
    }
    const { handler } = await import('#handlers/jobs/handler.ts');
    const record = { messageId: 'one', body: '{"type":"unheard-of"}', receiptHandle: 'receipt-one' };
    const attributes = { ApproximateReceiveCount: '1' };
    const batch = { Records: [{ ...record, attributes }] } as unknown as SQSEvent;
    expect(await handler(batch, context)).toEqual({ batchItemFailures: [{ itemIdentifier: 'one' }] });
    expect(queue.requests).toMatchObject([{ ReceiptHandle: 'receipt-one', VisibilityTimeout: 10 }]);
    queue.close();
  });
});
