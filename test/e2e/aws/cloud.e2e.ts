import { createHmac } from 'node:crypto';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, ListQueuesCommand, type QueueAttributeName } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { timeBudget } from '#core/timing/time-budget.ts';
import type { S3Request } from '#local/demo/s3-server/request.ts';
import { isMiniStackThere } from '#support/engine-paths.ts';
import { bucketFacts } from '#support/sync-world.ts';
import type { SeenEvent } from './bus-listener.ts';
import { type Cloud, PAGE_ORIGIN, startCloud } from './cloud.ts';
import type { CloudRun } from './cloud-api.ts';
import { fireSweepRule } from './console-user.ts';
import { destroy } from './deploy.ts';
import { connectorBody, datasourceBody, flexorchConnectorBody } from './founding-commands.ts';
import { bucket, cataloguedFacts, fillSampleBucket, wantedFacts } from './sample-bucket.ts';
import { createTimings } from './timings.ts';
import { until } from './until.ts';
import { startWebhookReceiver } from './webhook-receiver.ts';

/** Milliseconds: what one step through a stream, a queue or a cold function may take on a busy machine. */
const STEP = 45_000;

const skipped = isMiniStackThere()
  ? undefined
  : 'MiniStack is not there: run `npm run engines`, which needs Python 3.10';
if (skipped !== undefined) console.warn(`e2e on AWS: skipped. ${skipped}`);
it.runIf(skipped !== undefined && process.env.CI)('runs in CI', () => expect.fail(skipped));

describe.skipIf(skipped)('Stocktake, deployed', () => {
  const timings = createTimings();
  let cloud: Cloud;
  let outcome: 'passed' | 'failed' = 'passed';
  /** The datasource of the founding command. */
  let id: string;

  beforeAll(async () => {
    cloud = await startCloud(timings);
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') outcome = 'failed';
  });
  afterAll(async () => {
    const kept = await cloud?.close(outcome);
    console.log(`\n${timings}\n`);
    if (kept !== undefined) console.log(`what MiniStack and the functions said is in ${kept}`);
  });

  const nextRun = (datasource: string, known: readonly CloudRun[], wanted: (run: CloudRun) => boolean, within = STEP) =>
    until(`a run of ${datasource} has ended`, within, async () => {
      const runs = await cloud.api.runs(datasource);
      const ended = runs.filter(({ id: each, status }) => {
        return !known.some((one) => one.id === each) && status !== 'queued' && status !== 'running';
      });
      return ended.find(wanted);
    });
  const syncNow = async (datasource: string, within = STEP) => {
    const known = await cloud.api.runs(datasource);
    await cloud.api.call('POST', `/datasource/${datasource}/_sync`);
    return nextRun(datasource, known, ({ trigger }) => trigger === 'manual', within);
  };
  /** Scheduler tells times in whole seconds, and two ticks of one time are one: a new schedule waits for a new second. */
  const secondOver = ({ scheduled_at: at = '' }: CloudRun) =>
    until(`the second of ${at} is over`, STEP, () => Date.now() >= Date.parse(at) + 1000);
  const eventsOf = (run: CloudRun) =>
    until(`the bus tells that run ${run.id} ended`, STEP, async () => {
      const events = (await cloud.bus.events()).filter(({ detail }) => (detail.run ?? detail.id) === run.id);
      return events.some(({ 'detail-type': type }) => type.startsWith('Sync ')) && events;
    });
  const keysOf = (events: readonly SeenEvent[], type: string) =>
    events
      .filter((event) => event['detail-type'] === type)
      .flatMap(({ detail }) => (detail.objects ?? []).map(({ key }) => key))
      .sort();
  const shows = (sync: object) =>
    until(`the API shows ${JSON.stringify(sync)}`, STEP, async () => {
      const source = await cloud.api.datasource(id);
      return Object.entries(sync).every(([field, value]) => source.sync[field] === value) && source;
    });
  const liveSchedule = (wanted: object) =>
    until(`Scheduler has ${id} with ${JSON.stringify(wanted)}`, STEP, async () => {
      const live = await cloud.consoleUser.look(id);
      return live && Object.entries(wanted).every(([name, value]) => Reflect.get(live, name) === value) && live;
    });

  it('answers nobody without the admin key', async () => {
    for (const key of [undefined, 'wrong-key-wrong-key-wrong-key']) {
      const answer = await cloud.apiWith(key).send('GET', '/datasource/_search');
      expect(answer).toMatchObject({ status: 401, body: { status: 401, error: { reason: 'invalid login' } } });
    }
    expect(await cloud.apiWith(undefined).send('GET', '/_health')).toMatchObject({ status: 200 });
  });

  it('registers the connector and a datasource by the founding commands', async () => {
    fillSampleBucket(cloud.s3);
    const registered = await cloud.api.call('PUT', '/connector/s3?replace=true', connectorBody);
    expect(registered).toMatchObject({ _id: 's3' });

    // (and another that is left alone until the end, to see its beat)
    cloud.s3.createBucket('tiny-bucket');
    cloud.s3.put('tiny-bucket', 'only.txt');
    await cloud.api.call('POST', '/datasource/', {
      ...datasourceBody(cloud.s3, 'tiny-bucket'),
      id: 'minute',
      sync: { interval: '1m' },
    });

    const scheduled = timings.start('create → schedule exists');
    const fired = timings.start('create → first tick');
    const caught = timings.start('create → catalogue exact');
    const body = datasourceBody(cloud.s3, bucket);
    const created = await cloud.api.call('POST', '/datasource/', body, 'application/json');
    expect(created).toMatchObject({ result: 'created' });
    id = (created as { _id: string })._id;

    // Then its schedule stands in the stack's group, and says what the API says
    const { SyncFunctionName, ScheduleGroupName } = cloud.outputs;
    const live = await liveSchedule({ ScheduleExpression: 'rate(5 minutes)', State: 'ENABLED' });
    scheduled();
    expect(live).toMatchObject({ GroupName: ScheduleGroupName, FlexibleTimeWindow: { Mode: 'OFF' } });
    expect(live.Target?.Arn).toMatch(new RegExp(`:function:${SyncFunctionName}$`));
    expect(JSON.parse(live.Target?.Input ?? '')).toMatchObject({
      datasource: id,
      scheduled_time: '<aws.scheduler.scheduled-time>',
    });
    const { schedule } = await cloud.api.datasource(id);
    expect(schedule).toMatchObject({ name: id, expression: 'rate(5 minutes)', state: 'enabled' });

    // And it fires by itself: the catalogue equals the bucket, object by object
    await until('the schedule started a run', STEP, async () => (await cloud.api.runs(id))[0]);
    fired();
    const run = await nextRun(id, [], () => true);
    expect(run, run.message).toMatchObject({
      status: 'completed',
      trigger: 'schedule',
      scheduled_at: expect.any(String),
    });
    const wanted = wantedFacts(cloud.s3);
    expect(await cataloguedFacts(cloud.api, id)).toEqual(wanted);
    caught();
    expect(run.counters).toMatchObject({ added: wanted.length, matched: wanted.length, listed: 820 });

    // And a first load is told in one event
    const events = await eventsOf(run);
    expect(events.map((event) => event['detail-type'])).toEqual(['Sync Completed']);
  });

  it('opens the bucket from the API with the stored credentials', async () => {
    expect(await cloud.api.call('POST', `/datasource/${id}/_test`)).toMatchObject({ success: true });
    const documents = await cloud.api.documents(id, 1000);
    const one = documents.find(({ metadata }) => metadata.key === 'readme-3.txt');
    const answer = await cloud.api.send('GET', `/document/${one?.id}/raw_content/readme`);
    expect(answer.status).toBe(302);
    const content = await fetch(answer.headers.get('location') ?? '');
    expect(await content.text()).toBe('read me, 3');
  });

  it('serves both forms of every path, to pages of the configured origin too', async () => {
    // Given the slash form of what only the probe function can open
    const { api } = cloud;
    const led = await api.send('POST', `/datasource/${id}/_test/`);
    expect([led.status, led.headers.get('location')]).toEqual([308, '../_test']);
    expect(await cloud.apiWith(undefined).send('POST', `/datasource/${id}/_test/`)).toMatchObject({ status: 401 });
    const [document] = await api.documents(id, 1000);
    const content = await api.send('HEAD', `/document/${document?.id}/raw_content/x`);
    expect([content.status, content.headers.get('location')]).toEqual([302, expect.stringContaining(bucket)]);
    for (const [path, status] of [
      ['/_health/', 200],
      [`/datasource/${id}/`, 200],
      ['/nowhere', 404],
      ['/v1/jobs/', 200],
    ]) {
      expect([path, (await api.send('GET', String(path))).status]).toEqual([path, status]);
    }
    expect(await api.send('PATCH', `/datasource/${id}`)).toMatchObject({ status: 405, body: { status: 405 } });

    // When a page asks, through its browser, then it may read every answer
    const page = cloud.pageAt(PAGE_ORIGIN);
    for (const path of [`/datasource/${id}/_test`, `/datasource/${id}/_test/`]) {
      const seen = await page.fetch('POST', path, { 'x-api-key': cloud.adminKey });
      expect(seen).toMatchObject({ status: 200, body: { success: true } });
      expect(seen.readable).toContain('x-request-id');
    }
    expect(await page.fetch('GET', '/v1/jobs', { 'x-api-key': 'no-such-key' })).toMatchObject({ status: 401 });

    // And a page of any other origin none
    const other = cloud.pageAt('https://evil.example.com');
    await expect(other.fetch('GET', '/v1/jobs', { 'x-api-key': cloud.adminKey })).rejects.toThrow(
      'the browser refuses',
    );
  });

  it("takes FlexOrch's founding commands, and refuses in its envelope what no route takes", async () => {
    const body = flexorchConnectorBody(cloud.s3, bucket);
    const send = (method: string, path: string, sent?: unknown) =>
      cloud.api.send(method, `/v1${path}`, sent, 'application/json');
    const created = await send('POST', '/connectors', body);
    expect(created).toMatchObject({
      status: 201,
      body: { status: 'success', data: { id: 1, type: 's3' }, error: null },
    });
    // Sent again, it is the same one; its other face is Coco's
    expect((await send('POST', '/connectors', body)).body).toEqual(created.body);
    expect(await cloud.api.call('GET', '/connector/1')).toMatchObject({ _source: { name: 'my-s3-connector' } });
    expect(await send('POST', '/connectors/1/test')).toMatchObject({ status: 200, body: { data: { success: true } } });

    // Keys are ingested by the jobs function, and whoever asked is told
    const receiver = await startWebhookReceiver();
    const hook = { url: receiver.url, events: ['job.completed', 'job.failed'], secret: 'a-shared-secret-of-ours' };
    expect(await send('POST', '/webhooks', hook)).toMatchObject({ status: 201 });
    const ingested = timings.start('data-process/async → jobs ended');
    const source = { connector_id: 1, keys: ['readme-3.txt', 'nowhere.txt'] };
    const accepted = await send('POST', '/data-process/async', { source });
    expect(accepted).toMatchObject({
      status: 202,
      body: { status: 'accepted', data: { accepted: 2, job_ids: [1, 2] } },
    });
    await until('both jobs have ended', STEP, async () => {
      const { body: jobs } = await send('GET', '/jobs');
      const items = (jobs as { data: { items: { status: string }[] } }).data.items;
      return items.every(({ status }) => status === 'completed' || status === 'failed');
    });
    ingested();
    expect((await send('GET', '/jobs/1')).body).toMatchObject({ data: { job_id: 1, status: 'completed' } });
    expect((await send('GET', '/jobs/2')).body).toMatchObject({ data: { job_id: 2, status: 'failed' } });
    const told = await until(
      'the webhook was called for both',
      STEP,
      () => receiver.calls.length >= 2 && receiver.calls,
    );
    for (const { body: raw, headers } of told) {
      const signature = createHmac('sha256', hook.secret).update(raw).digest('hex');
      expect(headers['x-flexorch-signature']).toBe(signature);
    }
    expect(told.map(({ body: raw }) => JSON.parse(raw).event).sort()).toEqual(['job.completed', 'job.failed']);
    await receiver.close();
    expect(await send('DELETE', '/webhooks/1')).toMatchObject({ status: 204 });
    expect(await send('DELETE', '/connectors/1')).toMatchObject({ status: 204, body: '' });
    for (const path of ['', '/datasets', '/search/query']) {
      const refused = { status: 'error', data: null, error: { code: 'NOT_FOUND' } };
      expect(await send('GET', path)).toMatchObject({ status: 404, body: refused });
    }
  });

  it('finds exactly what changed, and tells the bus', async () => {
    // Given three objects added, two modified and four deleted
    const { s3 } = cloud;
    const added = ['new/1.pdf', 'new/2.docx', 'new/ü 3.txt'];
    const modified = ['readme-0.txt', 'readme-1.txt'];
    const deleted = ['readme-10.txt', 'readme-11.txt', 'readme-12.txt', 'readme-13.txt'];
    for (const key of added) s3.put(bucket, key, { size: 11 });
    for (const key of modified) s3.put(bucket, key, { body: 'changed' });
    for (const key of deleted) s3.delete(bucket, key);

    // When a sync is asked for, which goes through the queue
    const caught = timings.start('_sync → catalogue exact');
    const told = timings.start('_sync → changes on the bus');
    const run = await syncNow(id);
    expect(run, run.message).toMatchObject({ status: 'completed', counters: { added: 3, modified: 2, deleted: 4 } });
    expect(await cataloguedFacts(cloud.api, id)).toEqual(wantedFacts(s3));
    caught();

    // Then the bus hears of those and no others
    const events = await until('the bus tells all changes', STEP, async () => {
      const seen = await eventsOf(run);
      return seen.flatMap(({ detail }) => detail.objects ?? []).length >= 9 && seen;
    });
    told();
    expect(keysOf(events, 'Objects Added')).toEqual([...added].sort());
    expect(keysOf(events, 'Objects Modified')).toEqual(modified);
    expect(keysOf(events, 'Objects Deleted')).toEqual(deleted);
    expect(keysOf(events, 'Sync Completed')).toEqual([]);
    expect(new Set(events.map(({ source }) => source))).toEqual(new Set(['stocktake']));
  });

  it('holds a run that would delete too much, fails one that is refused, and tells bus and webhook of both', async () => {
    // Given a catalogue of 20, and somebody who wants to hear how syncs end
    const { s3, api } = cloud;
    const receiver = await startWebhookReceiver();
    const secret = 'another-secret-of-ours';
    const hook = { url: receiver.url, events: ['sync.completed', 'sync.failed'], secret };
    const hooked = await api.send('POST', '/v1/webhooks', hook, 'application/json');
    expect(hooked).toMatchObject({ status: 201 });
    const { id: hookId } = (hooked.body as { data: { id: unknown } }).data;
    s3.createBucket('losing-bucket');
    const keys = Array.from({ length: 20 }, (_, index) => `object-${String(index).padStart(2, '0')}.txt`);
    for (const key of keys) s3.put('losing-bucket', key);
    const body = datasourceBody(s3, 'losing-bucket');
    await api.call('POST', '/datasource/', { ...body, id: 'losing', sync: { strategy: 'manual' } });
    const loaded = await syncNow('losing');
    expect(loaded, loaded.message).toMatchObject({ status: 'completed', counters: { added: 20 } });

    // When 15 of them are gone, then none is deleted before somebody approves
    const lost = keys.slice(0, 15);
    for (const key of lost) s3.delete('losing-bucket', key);
    const held = await syncNow('losing');
    expect(held, held.message).toMatchObject({ status: 'held', counters: { deleted: 0 } });
    expect((await eventsOf(held)).map((event) => event['detail-type'])).toEqual(['Sync Held']);
    expect(await api.documents('losing', 100)).toHaveLength(20);
    const known = await api.runs('losing');
    await api.call('POST', `/datasource/losing/_runs/${held.id}/_approve`);
    const approved = await nextRun('losing', known, () => true);
    expect(approved, approved.message).toMatchObject({ status: 'completed', counters: { deleted: 15 } });
    expect(await cataloguedFacts(api, 'losing')).toEqual(bucketFacts(s3, 'losing-bucket'));
    const told = await until('the bus tells of the deletions', STEP, async () => {
      const seen = await eventsOf(approved);
      return keysOf(seen, 'Objects Deleted').length >= 15 && seen;
    });
    expect(keysOf(told, 'Objects Deleted')).toEqual(lost);

    // When its keys are refused, then the run fails, and the datasource says why
    const config = { access_key_id: 'NOBODY', secret_access_key: 'nobody-knows-this-secret' };
    await api.call('PUT', '/datasource/losing', { connector: { id: 's3', config } });
    const failed = await syncNow('losing');
    expect(failed).toMatchObject({ status: 'failed', message: expect.stringContaining('key') });
    expect((await eventsOf(failed)).map((event) => event['detail-type'])).toEqual(['Sync Failed']);
    expect(await api.documents('losing', 100)).toHaveLength(5);

    // Then each end came to the webhook, signed
    const calls = await until('the webhook was called for all four', STEP, () => {
      const own = receiver.calls.filter(({ body: raw }) => JSON.parse(raw).datasource === 'losing');
      return own.length >= 4 && own;
    });
    const posted = calls.map(({ body: raw }) => JSON.parse(raw));
    const ends = Object.fromEntries(posted.map(({ run_id, event, status }) => [run_id, `${event} ${status}`]));
    expect(ends).toEqual({
      [loaded.id]: 'sync.completed completed',
      [held.id]: 'sync.failed held',
      [approved.id]: 'sync.completed completed',
      [failed.id]: 'sync.failed failed',
    });
    for (const { body: raw, headers } of calls) {
      const signed = `${headers['x-stocktake-timestamp']}.${raw}`;
      expect(headers['x-stocktake-signature']).toBe(createHmac('sha256', secret).update(signed).digest('hex'));
    }
    expect(await api.send('DELETE', `/v1/webhooks/${hookId}`)).toMatchObject({ status: 204 });
    await receiver.close();
    await api.call('DELETE', '/datasource/losing');
  });

  it('adopts what is done to its schedule in the console', async () => {
    const { consoleUser, clients, api } = cloud;
    let known = await api.runs(id);
    // When it is paused there
    await consoleUser.edit(id, { State: 'DISABLED' });
    const paused = timings.start('console pause → API shows it (after the sweep starts)');
    await fireSweepRule(clients);
    const { schedule } = await shows({ enabled: false, interval: '5m', changed_by: 'console' });
    paused();
    expect(schedule).toMatchObject({ state: 'disabled', next_run_at: null });

    // When it is resumed there at another rate
    await consoleUser.edit(id, { State: 'ENABLED', ScheduleExpression: 'rate(7 minutes)' });
    const resumed = timings.start('console resume at another rate → API shows it');
    await fireSweepRule(clients);
    const source = await shows({ enabled: true, interval: '7m', changed_by: 'console' });
    resumed();
    expect(source.schedule).toMatchObject({ expression: 'rate(7 minutes)', state: 'enabled' });
    const settled = await liveSchedule({ State: 'ENABLED', ScheduleExpression: 'rate(7 minutes)' });
    await secondOver(await nextRun(id, known, ({ trigger }) => trigger === 'schedule'));

    // When nothing is done there, then the sweep leaves it as it is
    await fireSweepRule(clients);
    expect((await consoleUser.look(id))?.LastModificationDate).toEqual(settled.LastModificationDate);

    // When it is deleted there
    await consoleUser.remove(id);
    const deleted = timings.start('console delete → API shows a pause');
    await fireSweepRule(clients);
    await shows({ enabled: false, interval: '7m', changed_by: 'console' });
    deleted();
    await fireSweepRule(clients);
    expect(await consoleUser.look(id)).toBeUndefined();

    // Then the API can resume it, and another sweep leaves it so
    known = await api.runs(id);
    const back = timings.start('API resume → schedule exists again');
    await api.call('PUT', `/datasource/${id}`, { sync: { enabled: true } });
    await liveSchedule({ State: 'ENABLED', ScheduleExpression: 'rate(7 minutes)' });
    back();
    await fireSweepRule(clients);
    await shows({ enabled: true, interval: '7m', changed_by: 'api' });
    expect((await consoleUser.names()).sort()).toEqual([id, 'minute']);
    await secondOver(await nextRun(id, known, ({ trigger }) => trigger === 'schedule'));
  });

  it('does nothing for a tick that comes twice, or for an older configuration', async () => {
    const { clients, api, consoleUser, outputs } = cloud;
    const known = await api.runs(id);
    const { config_version, ...tick } = JSON.parse((await consoleUser.look(id))?.Target?.Input ?? '');
    const ticks = [
      { ...tick, config_version, scheduled_time: known[0]?.scheduled_at },
      { ...tick, config_version: config_version - 1, scheduled_time: new Date().toISOString() },
    ];
    for (const payload of ticks) {
      const answer = await clients.lambda.send(
        new InvokeCommand({ FunctionName: outputs.SyncFunctionName, Payload: Buffer.from(JSON.stringify(payload)) }),
      );
      expect(answer.FunctionError).toBeUndefined();
    }
    expect((await api.runs(id)).map((run) => run.id)).toEqual(known.map((run) => run.id));
  });

  it('keeps an interval below a minute, by messages between the ticks', async () => {
    // Given an interval of ten seconds, for which Scheduler is too coarse
    const known = await cloud.api.runs(id);
    await cloud.api.call('PUT', `/datasource/${id}`, { sync: { interval: '10s' } });
    await liveSchedule({ ScheduleExpression: 'rate(1 minute)' });
    const tick = await nextRun(id, known, ({ trigger }) => trigger === 'schedule');

    // When an object is added, then one of the next slots finds it
    cloud.s3.put(bucket, 'found by a slot.pdf', { size: 3 });
    const found = timings.start('object put → found by a 10 s slot');
    const run = await nextRun(id, [...known, tick], ({ counters }) => counters.added === 1);
    found();
    expect(run, run.message).toMatchObject({ status: 'completed', trigger: 'schedule' });
    const between = Date.parse(run.scheduled_at ?? '') - Date.parse(tick.scheduled_at ?? '');
    expect([10_000, 20_000, 30_000, 40_000, 50_000]).toContain(between);
    await cloud.api.call('PUT', `/datasource/${id}`, { sync: { strategy: 'manual' } });
    await until('the schedule is gone', STEP, async () => (await cloud.consoleUser.look(id)) === undefined);
  });

  it('goes on through the queue with a run that is longer than one invocation', async () => {
    // Given invocations of a few seconds, and a bucket whose listing takes longer
    const { s3, clients } = cloud;
    const { SyncFunctionName: FunctionName } = cloud.outputs;
    await clients.lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: timeBudget.reserveMs / 1000 + 6 }),
    );
    s3.createBucket('slow-bucket');
    for (let index = 0; index < 3000; index += 1) {
      s3.put('slow-bucket', `object-${String(index).padStart(4, '0')}`, { size: index });
    }
    s3.beforeResponse = ({ operation }: S3Request) =>
      operation === 'ListObjectsV2' ? new Promise((resolve) => setTimeout(resolve, 500)) : undefined;
    const { connector, ...body } = datasourceBody(s3, 'slow-bucket');
    const { extensions: _extensions, ...config } = connector.config;
    const created = await cloud.api.call('POST', '/datasource/', {
      ...body,
      id: 'slow',
      connector: { ...connector, config },
      sync: { strategy: 'manual', page_size: 100 },
    });
    expect(created).toMatchObject({ _id: 'slow' });

    // When it is synced
    const run = await timings.measure('a run over several invocations', () => syncNow('slow', 3 * STEP));
    s3.beforeResponse = undefined;

    // Then one run did it all, in more than one invocation
    expect(run, run.message).toMatchObject({ status: 'completed', counters: { added: 3000 } });
    expect(await cataloguedFacts(cloud.api, 'slow')).toEqual(bucketFacts(s3, 'slow-bucket'));
    const handedOn = cloud.log().match(/"sync handed on"/g) ?? [];
    expect(handedOn.length).toBeGreaterThanOrEqual(2);
    // The server is not AWS's: in each of the up to 16 listings, the page that is gone on from is asked for again.
    expect(run.counters.pages).toBeGreaterThanOrEqual(30);
    expect(run.counters.pages).toBeLessThanOrEqual(30 + 16 * handedOn.length);
  });

  it('keeps its beat: a schedule fires again after exactly its interval', async () => {
    const [later, earlier] = await until('the schedule of each minute fired twice', 2 * STEP, async () => {
      const runs = await cloud.api.runs('minute');
      return runs.length >= 2 && runs;
    });
    expect(Date.parse(later?.scheduled_at ?? '') - Date.parse(earlier?.scheduled_at ?? '')).toBe(60_000);
  });

  it('leaves nothing of a deleted datasource', async () => {
    await cloud.api.call('PUT', `/datasource/${id}`, { sync: { interval: '1h' } });
    await liveSchedule({ ScheduleExpression: 'rate(1 hour)' });
    const gone = timings.start('delete → schedule gone');
    const purged = timings.start('delete → records purged');
    await cloud.api.call('DELETE', `/datasource/${id}`);
    expect(await cloud.api.send('GET', `/datasource/${id}`)).toMatchObject({ status: 404, body: { found: false } });
    await until('the schedule is gone', STEP, async () => (await cloud.consoleUser.look(id)) === undefined);
    gone();
    await until('only the records of other datasources are left', STEP, async () => {
      const { Count } = await cloud.clients.dynamoDb.send(
        new ScanCommand({
          TableName: cloud.outputs.TableName,
          FilterExpression: 'begins_with(pk, :record)',
          ExpressionAttributeValues: { ':record': { S: 'record#' } },
          Select: 'COUNT',
        }),
      );
      return Count === 3001;
    });
    purged();
    await fireSweepRule(cloud.clients);
    expect(await cloud.consoleUser.names()).toEqual(['minute']);
  });

  it('has lost nothing on its way: no dead letters, no errors', async () => {
    const { sqs } = cloud.clients;
    const { QueueUrls: urls = [] } = await sqs.send(new ListQueuesCommand({}));
    const ends = urls.filter((url) => url.includes('DeadLetters'));
    expect(ends).toHaveLength(7);
    for (const QueueUrl of ends) {
      const AttributeNames: QueueAttributeName[] = ['ApproximateNumberOfMessages'];
      const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
      expect({ QueueUrl, ...Attributes }).toEqual({ QueueUrl, ApproximateNumberOfMessages: '0' });
    }
    expect(cloud.log().match(/.*"level":"error".*/g)).toBeNull();
  });

  it('is gone with its schedules when the stack is destroyed', async () => {
    const { clients, assembly, consoleUser } = cloud;
    expect(await consoleUser.look('minute')).toMatchObject({ State: 'ENABLED' });
    await timings.measure('destroy', () => destroy(clients, assembly.stackName));
    expect(await consoleUser.look('minute')).toBeUndefined();
    expect(await consoleUser.names()).toEqual([]);
  });
});
