import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isMiniStackThere } from '#support/engine-paths.ts';
import { bucketFacts } from '#support/sync-world.ts';
import { ended, firstRun, STEP, syncNow } from './awaited-runs.ts';
import { type Cloud, context, type Reached, startCloud } from './cloud.ts';
import { fireSweepRule } from './console-user.ts';
import { deploy, destroy } from './deploy.ts';
import { connectorBody, datasourceBody } from './founding-commands.ts';
import { ACCOUNT, REGION } from './ministack.ts';
import { cataloguedFacts } from './sample-bucket.ts';
import { synthesize } from './synthesize.ts';
import { createTimings } from './timings.ts';
import { until } from './until.ts';
import { startWebhookReceiver } from './webhook-receiver.ts';

const skipped = isMiniStackThere()
  ? undefined
  : 'MiniStack is not there: run `npm run engines`, which needs Python 3.10';
if (skipped !== undefined) console.warn(`e2e of a stack that is brought back: skipped. ${skipped}`);

const secret = 'a-secret-of-the-webhook';
/** More than ten: as many schedules that are missing at once would hold back any that is to be made, were they believed. */
const ids = Array.from({ length: 12 }, (_, index) => `source-${String(index).padStart(2, '0')}`);

describe.skipIf(skipped)('a stack that was removed and is brought back', { timeout: 600_000 }, () => {
  const timings = createTimings();
  const folder = mkdtempSync(join(tmpdir(), 'stocktake-brought-back-'));
  let cloud: Cloud;
  let again: Reached;
  let receiver: Awaited<ReturnType<typeof startWebhookReceiver>>;
  let outcome: 'passed' | 'failed' = 'passed';
  let kept: { tableArn: string; tableStreamArn: string; secretsKeyArn: string };
  let shown: Map<string, unknown>;
  let held: string;

  beforeAll(async () => {
    cloud = await startCloud(timings, { settings: { ...context, removalPolicy: 'retain' } });
    receiver = await startWebhookReceiver();
  }, 600_000);
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') outcome = 'failed';
  });
  afterAll(async () => {
    const log = await cloud?.close(outcome);
    await receiver?.close();
    rmSync(folder, { recursive: true, force: true });
    console.log(`\n${timings}\n`);
    if (log !== undefined) console.log(`what MiniStack and the functions said is in ${log}`);
  });

  const create = async (id: string, sync: object) => {
    const { connector, ...body } = datasourceBody(cloud.s3, 'stock');
    const { extensions: _all, ...config } = connector.config;
    await cloud.api.call('POST', '/datasource/', { ...body, id, connector: { ...connector, config }, sync });
  };
  const secretsKeyId = async () => {
    const { stackName: StackName } = cloud.assembly;
    const answer = await cloud.clients.cloudFormation.send(new ListStackResourcesCommand({ StackName }));
    const found = (answer.StackResourceSummaries ?? []).filter(
      ({ ResourceType, LogicalResourceId = '' }) =>
        ResourceType === 'AWS::KMS::Key' && LogicalResourceId.startsWith('Secrets'),
    );
    expect(found).toHaveLength(1);
    return found[0]?.PhysicalResourceId ?? '';
  };
  const answersOf = async ({ api }: Reached) => {
    const found = new Map<string, unknown>();
    for (const id of [...ids, 'paused']) {
      const { schedule: _schedule, ...row } = await api.datasource(id);
      found.set(id, row);
    }
    found.set('runs', await api.runs('source-00'));
    found.set('webhooks', (await api.send('GET', '/v1/webhooks')).body);
    return found;
  };

  it('is filled, then removed: table and key stay, schedules go', async () => {
    const { api, clients, s3 } = cloud;
    s3.createBucket('stock');
    for (let index = 0; index < 60; index += 1)
      s3.put('stock', `file-${String(index).padStart(2, '0')}`, { size: index });
    await api.call('PUT', '/connector/s3?replace=true', connectorBody);
    const hook = { url: receiver.url, events: ['sync.completed'], secret };
    expect(await api.send('POST', '/v1/webhooks', hook, 'application/json')).toMatchObject({ status: 201 });
    // (those of a cron do not begin at once)
    const synced = ids.slice(0, 2);
    for (const id of ids) await create(id, synced.includes(id) ? { interval: '6h' } : { cron: '0 6 1 1 *' });
    await create('paused', { interval: '6h', enabled: false });
    await until('all schedules stand', STEP, async () => {
      const names = await cloud.consoleUser.names();
      return ids.every((id) => names.includes(id));
    });
    for (const id of synced) expect(await firstRun(api, id), id).toMatchObject({ status: 'completed' });
    for (let index = 0; index < 40; index += 1) s3.delete('stock', `file-${String(index).padStart(2, '0')}`);
    const run = await syncNow(api, 'source-00');
    expect(run).toMatchObject({ status: 'held' });
    held = run.id;
    // Acknowledged, as in any stack that has stood for a while
    await fireSweepRule(clients);
    shown = await answersOf(cloud);

    const key = await secretsKeyId();
    await timings.measure('destroy', () => destroy(clients, cloud.assembly.stackName));
    const { Table } = await clients.dynamoDb.send(new DescribeTableCommand({ TableName: cloud.outputs.TableName }));
    kept = {
      tableArn: Table?.TableArn ?? '',
      tableStreamArn: Table?.LatestStreamArn ?? '',
      secretsKeyArn: `arn:aws:kms:${REGION}:${ACCOUNT}:key/${key}`,
    };
    expect(await cloud.consoleUser.names()).toEqual([]);
  });

  it('stands again beside what it left, and shows what it showed', async () => {
    const settings = { ...context, removalPolicy: 'retain', ...kept };
    const assembly = await timings.measure('cdk synth', async () => synthesize(folder, settings));
    const made = Object.entries(assembly.template.Resources).map(([id, { Type }]) => `${Type} ${id}`);
    expect(made.filter((each) => /^AWS::(DynamoDB::Table|KMS::Key Secrets)/.test(each))).toEqual([]);
    const outputs = await timings.measure('deploy', () => deploy(cloud.clients, assembly));
    expect(outputs.TableName).toBe(cloud.outputs.TableName);
    again = await cloud.reach(outputs);
    // The admin key is another one; whatever stood in the table stands there
    for (const [name, answer] of await answersOf(again)) expect(answer, name).toEqual(shown.get(name));
  });

  it('makes each schedule anew and pauses none', async () => {
    await fireSweepRule(cloud.clients);
    expect((await again.consoleUser.names()).sort()).toEqual(ids);
    for (const id of ids) {
      const ScheduleExpression = id < 'source-02' ? 'rate(6 hours)' : 'cron(0 6 1 1 ? *)';
      expect(await again.consoleUser.look(id)).toMatchObject({ State: 'ENABLED', ScheduleExpression });
      expect((await again.api.datasource(id)).sync).toMatchObject({ enabled: true, changed_by: 'api' });
    }
    expect((await again.api.datasource('paused')).sync).toMatchObject({ enabled: false, changed_by: 'api' });
    // And those that are deleted in the console from now on are believed
    await again.consoleUser.remove('source-11');
    await fireSweepRule(cloud.clients);
    expect((await again.api.datasource('source-11')).sync).toMatchObject({ enabled: false, changed_by: 'console' });
  });

  it('opens the secrets of the first one, and carries out what was held there', async () => {
    expect(await again.api.call('POST', '/datasource/source-01/_test')).toMatchObject({ success: true });
    const approved = await again.api.call('POST', `/datasource/source-00/_runs/${held}/_approve`);
    const told = receiver.calls.length;
    const run = await ended(again.api, 'source-00', (approved as { _id: string })._id);
    expect(run, run.message).toMatchObject({ status: 'completed', counters: { deleted: 40, unchanged: 20 } });
    expect(await cataloguedFacts(again.api, 'source-00')).toEqual(bucketFacts(cloud.s3, 'stock'));
    await until('the webhook was called', STEP, () => receiver.calls.length > told);
    const { body = '', headers } = receiver.calls.at(-1) ?? {};
    expect(headers?.['x-flexorch-signature']).toBe(createHmac('sha256', secret).update(body).digest('hex'));
    expect(cloud.log().match(/.*"level":"error".*/g)).toBeNull();
  });
});
