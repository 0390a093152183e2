import type { Context } from 'aws-lambda';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { createRecordingLog } from '#support/recording-log.ts';
import { reportFailure } from '../../functions/handlers/lambda-runtime.ts';

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

  beforeAll(async () => {
    for (const [name, value] of Object.entries({
      TABLE_NAME: 'table',
      KEY_ARN: 'key',
      WORK_QUEUE_URL: 'https://queue.test/1',
      PRIVATE_ENDPOINTS: '',
      RUN_TIME_LIMIT_SECONDS: '60',
      HOLD_ABOVE_OBJECTS: '10',
      HOLD_ABOVE_SHARE: '0.15',
      AWS_REGION: 'eu-west-1',
    })) {
      vi.stubEnv(name, value);
    }
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    ({ handler } = await import('#handlers/sync/handler.ts'));
  });

  test('given messages that cannot be read, it names them to be given again', async () => {
    const record = (messageId: string, body: string) => ({ messageId, body, eventSource: 'aws:sqs' });
    const batch = { Records: [record('one', 'no JSON'), record('two', '{"type":"unheard-of"}')] };
    expect(await handler(batch, context)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'one' }, { itemIdentifier: 'two' }],
    });
  });

  test('given what is neither a batch nor a tick, it fails rather than to guess', async () => {
    await expect(handler({ datasource: 'docs' }, context)).rejects.toThrow('the invocation failed with ZodError');
    await expect(handler(null, context)).rejects.toThrow('the invocation failed');
  });
});
