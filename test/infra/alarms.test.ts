import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { sweep } from '#core/dispatch/sweep.ts';
import { jobMessage } from '#core/jobs/job-message.ts';
import { runStatus } from '#core/runs/run.ts';
import { workMessage } from '#core/runs/work-message.ts';
import { reconcileAllSchedules } from '#core/schedules/reconcile-all-schedules.ts';
import { failureStatus } from '#http/table/failure-status.ts';
import { runFailureCodes } from '#support/run-failure-codes.ts';
import { createSchedulerModel } from '#support/scheduler-model.ts';
import { createSyncWorld } from '#support/sync-world.ts';
import { fixed } from '../../infra/aws/reports/costs.ts';
import { synthesize } from './stack-template.ts';

const stack = synthesize({ alarmEmail: 'ops@example.com' });
const alarms = stack.ofType('AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
const anchors = [...runbook.matchAll(/^## (.*)$/gm)].map(([, heading = '']) =>
  heading
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-'),
);

describe('alarms', () => {
  test('given any alarm, it says how bad it is, what broke, and where the runbook tells what to do', () => {
    for (const { AlarmName, AlarmDescription, AlarmActions } of alarms) {
      expect(AlarmName).toMatch(/^stocktake-(high|medium|low)-[a-z-]+$/);
      const severity = String(AlarmName).split('-')[1];
      expect(AlarmDescription).toMatch(
        new RegExp(`^Severity ${severity}\\. [A-Z].*\\. What to do: docs/runbook\\.md#`),
      );
      const anchor = String(AlarmDescription).split('#')[1];
      expect(anchors).toContain(anchor);
      expect(AlarmActions).toHaveLength(1);
    }
  });

  test('given the runbook, each entry of an alarm says what it means, how bad it is and what to do', () => {
    const linked = new Set(alarms.map(({ AlarmDescription }) => String(AlarmDescription).split('#')[1]));
    const entries = runbook.split(/^## /m).slice(1);
    // The six functions share two entries, and the two readers of the stream one.
    expect(linked.size).toBe(alarms.length - 11);
    entries.forEach((entry, index) => {
      if (!linked.has(anchors[index])) return;
      for (const part of ['**Means**', '**How bad**', '**Do**'])
        expect([anchors[index], entry]).toEqual([anchors[index], expect.stringContaining(part)]);
    });
    const procedures = ['restore-the-table-from-a-backup-and-switch-the-stack-to-it', 'rotate-the-admin-key'];
    expect(anchors).toEqual(expect.arrayContaining([...procedures, 'drain-dead-letters']));
    for (const [, anchor] of runbook.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors).toContain(anchor);
  });

  test('given any code that a run can fail with, the runbook says what to do about it', () => {
    const [, entry = ''] = /^## Runs failed\n([^#]*)/m.exec(runbook) ?? [];
    // What a request alone fails with, and what stops a worker whose run goes on under another.
    const others = [
      'invalid_request',
      'unauthorized',
      'permission_denied',
      'not_found',
      'conflict',
      'in_use',
      'builtin',
    ];
    others.push(
      'rate_limit_exceeded',
      'table_busy',
      'keys_unavailable',
      'precondition_failed',
      'too_large',
      'unsupported_media_type',
      'secret_required',
      'object_archived',
      'object_unlinkable',
      'lease_lost',
    );
    const codes = [...Object.keys(failureStatus), ...runFailureCodes].filter((code) => !others.includes(code));
    expect(codes.length).toBeGreaterThan(20);
    for (const code of codes) expect(entry).toContain(`\`${code}\``);
  });

  test.each([
    ['work', workMessage.options.map(({ shape }) => shape.type.value)],
    ['jobs', jobMessage.options.map(({ shape }) => shape.type.value)],
  ])('given a letter of the %s queue, the runbook knows its type, whichever of %j', (name, types) => {
    const [, entry = ''] = new RegExp(`^## Dead letters ${name}\\n([^#]*)`, 'm').exec(runbook) ?? [];
    for (const type of types) expect(entry).toContain(`\`${type}\``);
  });

  test('given what can go wrong, an alarm watches it', () => {
    expect(alarms.map(({ AlarmName }) => String(AlarmName).replace('stocktake-', '')).sort()).toEqual([
      'high-api-server-errors',
      'high-dead-letters-publisher',
      'high-dead-letters-work',
      'high-schedules-missing',
      'high-ticks-lost',
      'low-throttles-table',
      'medium-changes-late-publisher',
      'medium-changes-late-schedules',
      'medium-datasources-unhealthy',
      'medium-dead-letters-jobs',
      'medium-dead-letters-schedules',
      'medium-dead-letters-sweeps',
      'medium-dead-letters-ticks',
      'medium-dead-letters-webhooks',
      'medium-errors-api',
      'medium-errors-jobs',
      'medium-errors-probe',
      'medium-errors-publisher',
      'medium-errors-schedules',
      'medium-errors-sync',
      'medium-runs-failed',
      'medium-runs-held',
      'medium-syncs-late',
      'medium-throttles-api',
      'medium-throttles-jobs',
      'medium-throttles-probe',
      'medium-throttles-publisher',
      'medium-throttles-schedules',
      'medium-throttles-sync',
      'medium-work-late',
    ]);
  });

  test('given a role that was changed, an alarm rings though no dead letter can be laid down', () => {
    const lost = alarms.find(({ AlarmName }) => AlarmName === 'stocktake-high-ticks-lost');
    expect(lost).toMatchObject({
      Namespace: 'AWS/Scheduler',
      MetricName: 'InvocationsFailedToBeSentToDeadLetterCount',
      Dimensions: [{ Name: 'ScheduleGroup', Value: 'stocktake' }],
      Threshold: 0,
    });
    stack.template.hasResourceProperties('AWS::Scheduler::ScheduleGroup', { Name: 'stocktake' });
  });

  test('given metric math, only the throttles of the table are filled: they alone have a term without data', () => {
    const sums = alarms.flatMap(({ Metrics = [] }) =>
      (Metrics as { Expression?: string }[]).map((each) => each.Expression),
    );
    expect(sums.filter((expression) => expression !== undefined)).toEqual([
      'IF(ended >= 10, 100 * failed / ended, 0)',
      'FILL(reads, 0) + FILL(writes, 0)',
    ]);
  });

  test('given no address, the topic is there and nobody is told', () => {
    const quiet = synthesize();
    expect(quiet.ofType('AWS::SNS::Topic')).toHaveLength(1);
    expect(quiet.ofType('AWS::SNS::Subscription')).toEqual([]);
    expect(stack.ofType('AWS::SNS::Subscription').map(([, { Properties }]) => Properties.Endpoint)).toEqual([
      'ops@example.com',
    ]);
  });
});

describe('metrics from the log', () => {
  const filters = stack.ofType('AWS::Logs::MetricFilter').map(([, { Properties }]) => ({
    pattern: String(Properties.FilterPattern),
    ...(Properties.MetricTransformations as [{ MetricName: string; MetricValue: string }])[0],
  }));
  const world = createSyncWorld();
  afterAll(async () => (await world).close());

  test('given a run that ended, its log line has every field that a metric reads', async () => {
    const { addDatasource, sync, log } = await world;
    await sync((await addDatasource()).id);
    const line = log.lines.findLast(({ fact }) => fact === 'sync completed');
    const fields = filters.filter(({ pattern }) => pattern.includes('$.seconds')).map(({ MetricValue }) => MetricValue);
    expect(fields).toHaveLength(6);
    for (const field of fields) expect(line?.fields?.[field.slice(2)]).toEqual(expect.any(Number));
    expect(line?.fields?.dry_run).toBeUndefined();
  });

  test('given the facts that are counted, they are those that the core logs', () => {
    const counted = filters.filter(({ MetricValue }) => MetricValue === '1').map(({ pattern }) => pattern);
    const facts = counted.map((pattern) => /\$\.fact = "([^"]+)"/.exec(pattern)?.[1]);
    expect(facts).toEqual(['sync completed', 'sync failed', 'sync held']);
    expect(runStatus.options.map((status) => `sync ${status}`)).toEqual(expect.arrayContaining(facts));
    const handler = readFileSync(new URL('../../functions/handlers/sync/handler.ts', import.meta.url), 'utf8');
    expect(handler).toContain('late_seconds');
  });

  test('given numbers, they are asked for by comparison: "*" in quotes would be a text', () => {
    const patterns = new Set(filters.map(({ pattern }) => pattern));
    expect([...patterns].filter((pattern) => pattern.includes('*'))).toEqual([]);
    expect(patterns).toContain('{ ($.seconds >= 0) && ($.dry_run NOT EXISTS) }');
    expect(patterns).toContain('{ $.late_seconds >= -1000000000 }');
  });

  test('given a sweep, the lines that its function logs have the fields that metrics read', async () => {
    const { deps, table } = await world;
    const counts: object[] = [];
    await sweep({ ...deps, table, swept: (swept) => counts.push(swept) });
    const { schedules } = createSchedulerModel(deps.clock);
    await reconcileAllSchedules({ ...deps, table, schedules, compared: (compared) => counts.push(compared) });
    const told = Object.assign({}, ...counts);
    for (const field of ['unhealthy', 'turned_unhealthy', 'missing']) {
      expect(filters.map(({ MetricValue }) => MetricValue)).toContain(`$.${field}`);
      expect(told[field]).toEqual(expect.any(Number));
    }
    const handler = readFileSync(new URL('../../functions/handlers/schedules/handler.ts', import.meta.url), 'utf8');
    for (const hook of ['swept', 'compared']) expect(handler).toMatch(new RegExp(`${hook}: .* runtime.log.info`));
  });

  test('given what metrics cost, there are as many as the cost tables reckon with', () => {
    expect(filters).toHaveLength(fixed.metrics);
  });
});

test('given the dashboard, it shows runs, objects, changes, duration, lateness and what costs', () => {
  const body = JSON.stringify(stack.ofType('AWS::CloudWatch::Dashboard'));
  for (const title of [
    'Runs',
    'Objects listed',
    'Changes',
    'Duration of runs',
    'Lateness',
    'Cost: table',
    'Cost: pages',
  ]) {
    expect(body).toContain(title);
  }
});
