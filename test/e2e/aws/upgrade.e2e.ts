import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetFunctionConfigurationCommand,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { S3Request } from '#local/demo/s3-server/request.ts';
import { isMiniStackThere } from '#support/engine-paths.ts';
import { bucketFacts } from '#support/sync-world.ts';
import { ended, firstRun, STEP, syncNow } from './awaited-runs.ts';
import { type Cloud, context, startCloud } from './cloud.ts';
import { fireSweepRule } from './console-user.ts';
import { update } from './deploy.ts';
import { layOut } from './former-version.ts';
import { connectorBody, datasourceBody, flexorchConnectorBody } from './founding-commands.ts';
import { cataloguedFacts } from './sample-bucket.ts';
import { synthesize } from './synthesize.ts';
import { createTimings } from './timings.ts';
import { until } from './until.ts';
import { startWebhookReceiver } from './webhook-receiver.ts';

/** The version that is upgraded, with its own template and bundles. */
const FORMER = 'e3a1fbe';

const folder = mkdtempSync(join(tmpdir(), 'stocktake-upgrade-'));
const formerTree = isMiniStackThere() ? layOut(FORMER, join(folder, 'former')) : undefined;
const skipped = isMiniStackThere()
  ? formerTree === undefined && `the history of this clone does not reach back to ${FORMER}: fetch all of it`
  : 'MiniStack is not there: run `npm run engines`, which needs Python 3.10';
if (skipped) console.warn(`e2e of an upgrade: skipped. ${skipped}`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const secret = 'a-secret-of-the-webhook';

describe.skipIf(skipped)(`Stocktake of ${FORMER}, upgraded to this version`, { timeout: 600_000 }, () => {
  const timings = createTimings();
  let cloud: Cloud;
  let receiver: Awaited<ReturnType<typeof startWebhookReceiver>>;
  let outcome: 'passed' | 'failed' = 'passed';
  /** What stood before. */
  let before: { schedules: Map<string, unknown>; answers: Map<string, unknown>; run: string; held: string };

  beforeAll(async () => {
    // Settings that the former version knows.
    const { privateEndpoints = '', removalPolicy = '' } = context;
    const settings = { privateEndpoints, removalPolicy };
    cloud = await startCloud(timings, { ...(formerTree === undefined ? {} : { project: formerTree }), settings });
    receiver = await startWebhookReceiver();
  }, 600_000);
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') outcome = 'failed';
  });
  afterAll(async () => {
    const kept = await cloud?.close(outcome);
    await receiver?.close();
    console.log(`\n${timings}\n`);
    if (kept !== undefined) console.log(`what MiniStack and the functions said is in ${kept}`);
  });

  const fill = (bucket: string, count: number) => {
    cloud.s3.createBucket(bucket);
    for (let index = 0; index < count; index += 1) {
      cloud.s3.put(bucket, `file-${String(index).padStart(4, '0')}.pdf`, { size: index });
    }
  };
  const create = async (id: string, sync: object) => {
    const { connector, ...body } = datasourceBody(cloud.s3, id);
    const { extensions: _all, ...config } = connector.config;
    await cloud.api.call('POST', '/datasource/', { ...body, id, connector: { ...connector, config }, sync });
  };
  const v1 = (method: string, path: string, body?: unknown) =>
    cloud.api.send(method, `/v1${path}`, body, 'application/json');
  const workMapping = async () => {
    const { SyncFunctionName: FunctionName } = cloud.outputs;
    const { EventSourceMappings: mappings = [] } = await cloud.clients.lambda.send(
      new ListEventSourceMappingsCommand({ FunctionName }),
    );
    expect(mappings).toHaveLength(1);
    return mappings[0]?.UUID;
  };
  const readQueue = async (Enabled: boolean) => {
    await cloud.clients.lambda.send(new UpdateEventSourceMappingCommand({ UUID: await workMapping(), Enabled }));
  };
  const isAtRest = async () => {
    const { Attributes: queue = {} } = await cloud.clients.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: cloud.outputs.WorkQueueUrl, AttributeNames: ['All'] }),
    );
    return queue.ApproximateNumberOfMessages === '1' && queue.ApproximateNumberOfMessagesNotVisible === '0';
  };
  /** What a user sees of everything but the time of day. */
  const answers = async () => {
    const paths = [
      '/connector/_search',
      '/datasource/_search?size=100',
      '/datasource/held/_runs',
      '/document/_search?datasource=plain&size=1000',
      '/v1/connectors',
      '/v1/webhooks',
      '/v1/jobs',
    ];
    const found = new Map<string, unknown>();
    for (const path of paths) found.set(path, withoutTimes(await cloud.api.call('GET', path)));
    return found;
  };
  const schedules = async () => {
    const found = new Map<string, unknown>();
    for (const name of await cloud.consoleUser.names()) {
      const live = await cloud.consoleUser.look(name);
      const { ScheduleExpression, ScheduleExpressionTimezone, State, Target, StartDate, GroupName } = live ?? {};
      found.set(name, {
        ScheduleExpression,
        ScheduleExpressionTimezone,
        State,
        StartDate,
        GroupName,
        Arn: Target?.Arn,
      });
    }
    return found;
  };

  it('is filled by the former version: schedules, secrets, records, jobs, a webhook, and a run that is held', async () => {
    await cloud.api.call('PUT', '/connector/s3?replace=true', connectorBody);
    expect(await v1('POST', '/webhooks', { url: receiver.url, events: ['sync.completed'], secret })).toMatchObject({
      status: 201,
    });
    fill('plain', 150);
    fill('held', 60);
    for (const id of ['plain', 'held']) {
      await create(id, { interval: '6h' });
      expect(await firstRun(cloud.api, id)).toMatchObject({ status: 'completed' });
    }
    await create('paused', { interval: '1h' });
    await until('its schedule stands', STEP, () => cloud.consoleUser.look('paused'));
    await cloud.api.call('PUT', '/datasource/paused', { sync: { enabled: false } });
    await until('it is paused', STEP, async () => (await cloud.consoleUser.look('paused'))?.State === 'DISABLED');
    for (let index = 0; index < 40; index += 1) cloud.s3.delete('held', `file-${String(index).padStart(4, '0')}.pdf`);
    expect(await syncNow(cloud.api, 'held')).toMatchObject({ status: 'held' });
    const connector = (await v1('POST', '/connectors', flexorchConnectorBody(cloud.s3, 'plain'))).body as {
      data: { id: number };
    };
    const nightly = { name: 'nightly', cron_expression: '0 6 * * *', timezone: 'Europe/Berlin', prefix: 'none/' };
    expect(await v1('POST', `/connectors/${connector.data.id}/schedules`, nightly)).toMatchObject({ status: 201 });
    const keys = ['file-0001.pdf', 'missing.pdf'];
    expect(
      await v1('POST', '/data-process/async', { source: { connector_id: connector.data.id, keys } }),
    ).toMatchObject({
      status: 202,
    });
    await until('both jobs have ended', STEP, async () => {
      const { data } = (await v1('GET', '/jobs')).body as { data: { items: { completed_at: string | null }[] } };
      return data.items.length === 2 && data.items.every(({ completed_at: at }) => at !== null);
    });
    await until('the webhook was called', STEP, () => receiver.calls.length >= 2);
  });

  it('is upgraded while a run is under way', async () => {
    // Given invocations of a few seconds, and a run that has been through some of them
    const { clients, s3 } = cloud;
    const { SyncFunctionName: FunctionName } = cloud.outputs;
    const { Timeout } = await clients.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    await clients.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 63 }));
    fill('busy', 1000);
    s3.beforeResponse = ({ operation }: S3Request) =>
      operation === 'ListObjectsV2' ? new Promise((resolve) => setTimeout(resolve, 300)) : undefined;
    await create('busy', { strategy: 'manual', page_size: 40 });
    const { _id: run } = (await cloud.api.call('POST', '/datasource/busy/_sync')) as { _id: string };
    await until('the run was handed on', STEP, () => cloud.log().includes('"sync handed on"'));
    // When nobody takes up what is handed on, as happens while functions are replaced
    await readQueue(false);
    await until('the message that hands it on waits, and no invocation is at it', STEP, async () => {
      if (!(await isAtRest())) return false;
      await new Promise((resolve) => setTimeout(resolve, 3000));
      return isAtRest();
    });
    const [waiting] = await cloud.api.runs('busy');
    expect(waiting).toMatchObject({ id: run, status: 'running' });
    expect(waiting?.counters.listed).toBeGreaterThan(0);
    await clients.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout }));
    const [held] = await cloud.api.runs('held');
    before = { schedules: await schedules(), answers: await answers(), run, held: held?.id ?? '' };
    expect(before.schedules.size).toBe(4);

    // And the stack is updated to this version, then the same outputs lead to the same things
    const next = await timings.measure('cdk synth', async () => synthesize(join(folder, 'next'), context));
    const outputs = await timings.measure('update', () => update(clients, next));
    expect(outputs).toMatchObject(cloud.outputs);
    s3.beforeResponse = undefined;
  });

  it('shows what it showed: every row, run, record and job, under the same key', async () => {
    for (const [path, answer] of await answers())
      expect(answer, path).toMatchObject(before.answers.get(path) as object);
    expect(await cataloguedFacts(cloud.api, 'plain')).toEqual(bucketFacts(cloud.s3, 'plain'));
  });

  it('has every schedule as it stood, and pauses none', async () => {
    await fireSweepRule(cloud.clients);
    expect(await schedules()).toEqual(before.schedules);
    for (const id of ['plain', 'held', 'busy']) {
      expect((await cloud.api.datasource(id)).sync).toMatchObject({ enabled: true, changed_by: 'api' });
    }
    expect((await cloud.api.datasource('paused')).sync).toMatchObject({ enabled: false, changed_by: 'api' });
  });

  it('goes on with the run that was under way', async () => {
    await readQueue(true);
    const run = await timings.measure('the rest of the run', () => ended(cloud.api, 'busy', before.run));
    expect(run, run.message).toMatchObject({ status: 'completed', counters: { listed: 1000, added: 1000 } });
    expect(await cataloguedFacts(cloud.api, 'busy')).toEqual(bucketFacts(cloud.s3, 'busy'));
  });

  it('opens the secrets, finds nothing new, and carries out what was held', async () => {
    expect(await cloud.api.call('POST', '/datasource/plain/_test')).toMatchObject({ success: true });
    const told = receiver.calls.length;
    expect(await syncNow(cloud.api, 'plain')).toMatchObject({
      status: 'completed',
      counters: { added: 0, modified: 0, deleted: 0, unchanged: 150 },
    });
    await until('the webhook was called', STEP, () => receiver.calls.length > told);
    const { body = '', headers } = receiver.calls.at(-1) ?? {};
    expect(headers?.['x-flexorch-signature']).toBe(createHmac('sha256', secret).update(body).digest('hex'));

    const approved = await cloud.api.call('POST', `/datasource/held/_runs/${before.held}/_approve`);
    const run = await ended(cloud.api, 'held', (approved as { _id: string })._id);
    expect(run, run.message).toMatchObject({ status: 'completed', counters: { deleted: 40 } });
    expect(await cataloguedFacts(cloud.api, 'held')).toEqual(bucketFacts(cloud.s3, 'held'));
    expect(cloud.log().match(/.*"level":"error".*/g)).toBeNull();
  });
});

/** Without what answers tell of the moment in which they were given, and the id of an execution: that of its job, since. */
function withoutTimes(answer: unknown): object {
  const passing = ['took', 'next_run_at', 'execution_id'];
  return JSON.parse(JSON.stringify(answer, (key, value) => (passing.includes(key) ? undefined : value)));
}
