import { describe, expect, it, test } from 'vitest';
import { planSync } from '#core/registry/changes/plan-sync.ts';
import type { DatasourceRow, SyncPolicy } from '#core/registry/datasource.ts';
import { scheduleOf } from '#core/schedules/schedule-of.ts';
import { scheduleView } from '#core/schedules/schedule-view.ts';

const start = Date.parse('2026-03-01T00:00:00Z');
const row = (sync: SyncPolicy, rest: Partial<DatasourceRow> = {}): DatasourceRow => ({
  ...{ v: 1, version: 3, id: 'photos', number: 1, uid: 'u', owner: 'o', target: 't', config_version: 7 },
  ...{ type: 'connector', name: 'n', connector: { id: 's3', config: {} }, secrets: {}, created: '', updated: '' },
  enabled: true,
  ...rest,
  sync,
});
const hourly = planSync({ interval: '1h' }, undefined, start, 10);
const mornings = planSync({ cron: '0 6 * * *', timezone: 'Europe/Berlin' }, undefined, start, 10);

describe('the schedule of a datasource', () => {
  it('is named as the datasource, counts from the anchor, and its tick names the configuration', () => {
    const { input, ...schedule } = scheduleOf(row(hourly))!;
    expect(schedule).toEqual({
      ...{ name: 'photos', expression: 'rate(1 hour)', timezone: 'UTC', state: 'enabled', startAt: start },
    });
    expect(JSON.parse(input)).toEqual({
      datasource: 'photos',
      config_version: 7,
      scheduled_time: '<aws.scheduler.scheduled-time>',
      written: {
        ...{ life: expect.stringMatching(/^[0-9a-f]{16}$/), timing: expect.stringMatching(/^[0-9a-f]{16}$/) },
        ...{ timing_at: start, state: 'enabled', state_at: start },
      },
    });
    expect(input).not.toContain('"o"');
  });

  it('says in its input when timing and state changed last, each by itself', () => {
    const dated = row({ ...hourly, changed_at: { timing: start - 5, state: start - 7 } }, { enabled: false });
    expect(JSON.parse(scheduleOf(dated)?.input ?? '').written).toMatchObject({
      ...{ timing_at: start - 5, state: 'disabled', state_at: start - 7 },
    });
  });

  it('given a cron, then it has its time zone', () => {
    expect(scheduleOf(row(mornings))).toMatchObject({ expression: 'cron(0 6 * * ? *)', timezone: 'Europe/Berlin' });
  });

  test.each([
    [true, true, 'enabled'],
    [false, true, 'disabled'],
    [true, false, 'disabled'],
    [false, false, 'disabled'],
  ])('given the datasource is on: %s, and its sync: %s, then it is %s', (enabled, sync, state) => {
    expect(scheduleOf(row({ ...hourly, enabled: sync }, { enabled }))?.state).toBe(state);
  });

  it('given a datasource that syncs by hand, then there is none, and nothing to show', () => {
    const manual = row(planSync(undefined, undefined, start, 10));
    expect([scheduleOf(manual), scheduleView(manual, start)]).toEqual([undefined, undefined]);
  });

  it('does not change with the name, the page size or the version of the row', () => {
    const other = row({ ...hourly, page_size: 5, changed_by: 'console' }, { name: 'other', version: 9, uid: 'v' });
    expect(scheduleOf(other)).toEqual(scheduleOf(row(hourly)));
  });
});

describe('what is shown of it', () => {
  it('says when it is next due, and nothing of what its tick carries', () => {
    expect(scheduleView(row(hourly), start + 1)).toEqual({
      ...{ name: 'photos', expression: 'rate(1 hour)', timezone: 'UTC', state: 'enabled' },
      next_run_at: '2026-03-01T01:00:00.000Z',
    });
    expect(scheduleView(row(mornings), start)).toMatchObject({ next_run_at: '2026-03-01T05:00:00.000Z' });
  });

  it('given it is off, then it is never due', () => {
    expect(scheduleView(row(hourly, { enabled: false }), start)).toMatchObject({
      state: 'disabled',
      next_run_at: null,
    });
  });
});
