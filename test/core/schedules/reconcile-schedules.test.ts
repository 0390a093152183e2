import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { tickPayload } from '#core/dispatch/handle-tick.ts';
import type { LiveSchedule, Schedule } from '#core/model/ports/schedules.ts';
import { datasourceView } from '#core/registry/datasource.ts';
import { reconcileAllSchedules } from '#core/schedules/reconcile-all-schedules.ts';
import { reconcileSchedule } from '#core/schedules/reconcile-schedules.ts';
import { scheduleOf } from '#core/schedules/schedule-of.ts';
import { scheduleView } from '#core/schedules/schedule-view.ts';
import { createScheduleWorld, type ScheduleWorld, startOfTime } from './schedule-world.ts';

let world: ScheduleWorld;
beforeEach(() => {
  world = createScheduleWorld();
});
afterEach(() => world.close());

const reconcile = (id = 'photos') => reconcileSchedule(world.deps, id);
const live = (id = 'photos') => world.scheduler.live.get(id);
const wish = async (id = 'photos') => scheduleOf(await world.row(id));
const puts = () => world.scheduler.calls.filter(({ operation }) => operation === 'put').map(({ name }) => name);
const expectInPlace = async (id = 'photos') =>
  expect(live(id)).toEqual({ ...(await wish(id)), modifiedAt: expect.anything() });

/** A datasource whose schedule stands. */
async function standing(sync: object = { interval: '1h' }, id = 'photos'): Promise<void> {
  await world.create(id, sync);
  await reconcile(id);
  await expectInPlace(id);
}

/** A person changes the schedule in the console, a minute after whatever was before. */
function edit(change: Partial<Omit<Schedule, 'name'>>, id = 'photos'): void {
  world.wait(60_000);
  world.scheduler.edit(id, change);
}

describe('the wish of a datasource', () => {
  it('is put where it is missing, once, and acknowledged', async () => {
    await world.create('photos');
    await reconcile();
    await reconcile();
    await expectInPlace();
    expect(puts()).toEqual(['photos']);
    expect(await world.ack('photos')).toMatchObject({ config_version: 1 });
  });

  it('is followed when it is changed, switched off, set to manual and deleted', async () => {
    await standing();
    await world.change('photos', { enabled: false });
    await reconcile();
    expect(live()).toMatchObject({ state: 'disabled', input: expect.stringContaining('"config_version":2') });
    await world.change('photos', { sync: { strategy: 'manual' } });
    await reconcile();
    expect([live(), await world.ack('photos')]).toEqual([undefined, undefined]);

    await world.change('photos', { enabled: true, sync: { interval: '5m' } });
    await reconcile();
    await expectInPlace();
    await world.remove('photos');
    await reconcile();
    expect([live(), await world.ack('photos')]).toEqual([undefined, undefined]);
  });

  it('given nothing is wished and nothing is there, then nothing is done', async () => {
    await world.create('by-hand', {});
    await reconcile('by-hand');
    await reconcile('nowhere');
    expect([world.scheduler.calls, await world.ack('by-hand')]).toEqual([[], undefined]);
  });

  it('given it is switched off from the beginning, then a schedule comes when it is switched on', async () => {
    await world.create('photos', { interval: '1h', enabled: false });
    await reconcile();
    expect(live()).toBeUndefined();
    await world.change('photos', { sync: { enabled: true } });
    await reconcile();
    expect(live()?.state).toBe('enabled');
  });

  it('given only its start date differs, then that is mended and not taken for a change', async () => {
    await standing();
    const before = await world.row('photos');
    edit({ startAt: 5 });
    await reconcile();
    await expectInPlace();
    expect(await world.row('photos')).toEqual(before);
  });

  it('given the bucket changes, then the schedule carries the new version', async () => {
    await standing();
    await world.change('photos', { connector: { config: { bucket: 'other-bucket', secret_access_key: 'SK' } } });
    await reconcile();
    await expectInPlace();
    expect(JSON.parse(live()?.input ?? '')).toMatchObject({ config_version: 2 });
  });

  it('has an input that a tick is read from', async () => {
    await standing();
    const input = live()?.input.replace('<aws.scheduler.scheduled-time>', '2026-11-22T08:00:00Z');
    expect(tickPayload.parse(JSON.parse(input ?? ''))).toMatchObject({
      ...{ datasource: 'photos', config_version: 1, scheduled_time: '2026-11-22T08:00:00Z' },
    });
  });
});

describe('a change in the console', () => {
  test.each<[string, object, Partial<Schedule>, object]>([
    ['a pause', {}, { state: 'disabled' }, { enabled: false, interval: '1h' }],
    ['another rate', {}, { expression: 'rate(7 hours)' }, { strategy: 'interval', interval: '7h' }],
    ['another unit', {}, { expression: 'rate(90 minutes)' }, { interval: '90m', expression: 'rate(90 minutes)' }],
    [
      'a cron',
      {},
      { expression: 'cron(0 6 ? * 2-6 *)', timezone: 'Europe/Berlin' },
      { strategy: 'cron', cron: '0 6 * * 1-5', timezone: 'Europe/Berlin', expression: 'cron(0 6 ? * 2-6 *)' },
    ],
    [
      'another time zone',
      { cron: '0 6 * * *' },
      { timezone: 'Asia/Tokyo' },
      { strategy: 'cron', cron: '0 6 * * *', timezone: 'Asia/Tokyo' },
    ],
    [
      'a rate and a pause at once',
      {},
      { expression: 'rate(2 days)', state: 'disabled' },
      { enabled: false, interval: '2d', expression: 'rate(2 days)' },
    ],
    ['a rate instead of a cron', { cron: '0 6 * * *' }, { expression: 'rate(1 hour)' }, { interval: '1h' }],
    ['a full minute instead of 5m', { interval: '5m' }, { expression: 'rate(1 minute)' }, { interval: '1m' }],
    ['a slower rate than 10s', { interval: '10s' }, { expression: 'rate(2 minutes)' }, { interval: '2m' }],
    ['a rate and no start date', {}, { expression: 'rate(7 hours)', startAt: 0 }, { interval: '7h' }],
  ])('given %s, then the datasource has it and the schedule is whole again', async (_, sync, change, expected) => {
    await standing({ interval: '1h', ...sync, ...('cron' in sync ? { interval: undefined } : {}) });
    const before = await world.row('photos');
    edit(change);
    world.wait(60_000);
    await reconcile();
    const row = await world.row('photos');
    expect(row.sync).toMatchObject({ enabled: true, changed_by: 'console', ...expected });
    expect(row).toMatchObject({ enabled: true, config_version: 2, name: before.name, secrets: before.secrets });
    expect([row.updated, row.sync.anchor]).toEqual([
      new Date(world.deps.clock.now()).toISOString(),
      world.deps.clock.now(),
    ]);
    expect(Object.values(JSON.parse(JSON.stringify(row.sync)))).not.toContain(null);
    await expectInPlace();
    const settled = await world.row('photos');
    await reconcile();
    expect(puts()).toHaveLength(2);
    expect(await world.row('photos')).toEqual(settled);
  });

  test.each([{ enabled: false }, { sync: { enabled: false } }, { enabled: false, sync: { enabled: false } }])(
    'given a datasource paused by %j, when the schedule is resumed, then it is on',
    async (pause) => {
      await standing();
      await world.change('photos', pause);
      await reconcile();
      edit({ state: 'enabled' });
      await reconcile();
      expect(await world.row('photos')).toMatchObject({
        enabled: true,
        sync: { enabled: true, changed_by: 'console' },
      });
      await expectInPlace();
    },
  );

  test.each<[string, object, Partial<Schedule>]>([
    ['the same rate in other words', { interval: '1h' }, { expression: 'rate(60 minutes)' }],
    ['a time zone, which a rate does not mind', { interval: '1h' }, { timezone: 'Asia/Tokyo' }],
    ['nothing', { interval: '10s' }, {}],
    ['a full minute again, below which Scheduler cannot go', { interval: '30s' }, { expression: 'rate(1 minutes)' }],
  ])('given %s, then it is none', async (_, sync, change) => {
    await standing(sync);
    const before = await world.row('photos');
    edit(change);
    await reconcile();
    expect([await world.row('photos'), puts()]).toEqual([before, ['photos']]);
  });

  test.each([
    ['cron(0 6 L * ? *)', '2026-11-30T06:00:00.000Z'],
    ['cron(0 6 ? * 2#1 *)', '2026-12-07T06:00:00.000Z'],
    ['cron(0 6 1 1 ? 2028)', '2028-01-01T06:00:00.000Z'],
    ['at(2027-01-31T06:00:00)', '2027-01-31T06:00:00.000Z'],
    ['rate(400 days)', expect.stringMatching(/^2026-11-22/)],
    ['whatever(else)', null],
  ])('given %s, which our grammar lacks, then it is kept and shown', async (expression, next) => {
    await standing();
    edit({ expression });
    await reconcile();
    await expectInPlace();
    const row = await world.row('photos');
    expect(datasourceView(row).sync).toEqual({
      ...{ enabled: true, strategy: 'cron', timezone: 'UTC', expression, changed_by: 'console' },
    });
    expect(scheduleView(row, startOfTime)).toEqual({
      ...{ name: 'photos', expression, timezone: 'UTC', state: 'enabled', next_run_at: next },
    });

    const renamed = await world.change('photos', { name: 'n', sync: { page_size: 10, strategy: 'cron' } });
    expect(renamed).toMatchObject({ config_version: 2, sync: { expression, changed_by: 'console' } });
    await world.change('photos', { sync: { enabled: false } });
    await reconcile();
    expect(live()).toMatchObject({ expression, state: 'disabled' });
    await expect(world.change('photos', { sync: { timezone: 'Asia/Tokyo' } })).rejects.toMatchObject({
      details: [{ path: 'sync.cron', reason: expect.stringContaining(expression) }],
    });
    await world.change('photos', { sync: { interval: '5m', enabled: true } });
    await reconcile();
    expect(live()).toMatchObject({ expression: 'rate(5 minutes)', state: 'enabled' });
  });

  test.each([
    '',
    'not json',
    '{}',
    'null',
    '[1]',
    '{"datasource":"photos","config_version":1}',
    '{"datasource":"photos","config_version":"x","written":{"life":1}}',
  ])('given the input was made %j, then rate and state are kept and the input is written again', async (input) => {
    await standing();
    edit({ input, expression: 'rate(3 hours)', state: 'disabled' });
    await reconcile();
    expect((await world.row('photos')).sync).toMatchObject({ interval: '3h', enabled: false, changed_by: 'console' });
    await expectInPlace();
  });

  it('given only the input was broken, then the datasource stays as it is', async () => {
    await standing();
    const before = await world.row('photos');
    edit({ input: '{}' });
    await reconcile();
    await expectInPlace();
    expect(await world.row('photos')).toEqual(before);
  });

  it('given the input was broken before a new interval by the API was written, then that holds all the same', async () => {
    await standing();
    await world.change('photos', { sync: { interval: '2h' } });
    edit({ input: '{}' });
    await reconcile();
    expect((await world.row('photos')).sync).toMatchObject({ interval: '2h', changed_by: 'api' });
    await expectInPlace();
  });

  it('given a schedule of version 0.1, whose input tells nothing, then it is brought up to date', async () => {
    const row = await world.create('photos');
    const old: LiveSchedule = { ...(scheduleOf(row) as Schedule), input: '{"datasource":"photos"}', modifiedAt: 0 };
    await world.deps.schedules.put(old);
    await reconcile();
    await expectInPlace();
    expect(await world.row('photos')).toEqual(row);
  });
});

describe('a deletion in the console', () => {
  it('pauses the datasource, and a resume by the API creates the schedule anew', async () => {
    await standing();
    world.scheduler.delete('photos');
    await reconcile();
    await reconcile();
    expect([live(), await world.ack('photos'), puts()]).toEqual([undefined, undefined, ['photos']]);
    expect(await world.row('photos')).toMatchObject({
      ...{ enabled: true, config_version: 2, sync: { enabled: false, changed_by: 'console', interval: '1h' } },
    });
    await world.change('photos', { sync: { enabled: true } });
    await reconcile();
    await expectInPlace();
    expect((await world.row('photos')).sync).toMatchObject({ enabled: true, changed_by: 'api' });
  });

  it('given a new interval came by the API meanwhile, then both hold', async () => {
    await standing();
    world.scheduler.delete('photos');
    await world.change('photos', { sync: { interval: '2h' } });
    await reconcile();
    expect([live(), (await world.row('photos')).sync]).toMatchObject([undefined, { enabled: false, interval: '2h' }]);
  });

  it('given the datasource was paused and resumed by the API meanwhile, then it is on', async () => {
    await standing();
    world.scheduler.delete('photos');
    await world.change('photos', { enabled: false });
    await world.change('photos', { enabled: true });
    await reconcile();
    await expectInPlace();
  });

  it('given it was paused already, then the schedule stays away until it is resumed', async () => {
    await standing();
    await world.change('photos', { sync: { enabled: false } });
    await reconcile();
    world.scheduler.delete('photos');
    await reconcile();
    expect([live(), await world.ack('photos')]).toEqual([undefined, undefined]);
    expect((await world.row('photos')).sync.changed_by).toBe('api');
    await world.change('photos', { sync: { enabled: true } });
    await reconcile();
    await expectInPlace();
  });

  it('given one answer alone says that it is missing, then nothing is paused', async () => {
    await standing();
    let answers = 0;
    const read = async (name: string) => (answers++ === 0 ? undefined : world.scheduler.schedules.read(name));
    await reconcileSchedule({ ...world.deps, schedules: { ...world.scheduler.schedules, read } }, 'photos');
    expect(answers).toBeGreaterThan(1);
    expect((await world.row('photos')).sync.enabled).toBe(true);
    await expectInPlace();
  });

  it('given a datasource was deleted and made again under its id, then the old acknowledgement says nothing', async () => {
    await standing();
    await world.remove('photos');
    world.scheduler.delete('photos');
    await world.create('photos');
    await reconcile();
    await expectInPlace();
    expect((await world.row('photos')).sync.enabled).toBe(true);
  });
});

describe('changes on both sides', () => {
  it('given a rate in the console and a later one by the API, then the later holds, and the other way round', async () => {
    await standing();
    edit({ expression: 'rate(3 hours)' });
    await world.change('photos', { sync: { interval: '2h' } });
    await reconcile();
    expect((await world.row('photos')).sync).toMatchObject({ interval: '2h', changed_by: 'api' });
    await expectInPlace();

    await world.change('photos', { sync: { interval: '5h' } });
    edit({ expression: 'rate(6 hours)' });
    await reconcile();
    expect((await world.row('photos')).sync).toMatchObject({ interval: '6h', changed_by: 'console' });
    await expectInPlace();
  });

  it('given a pause in the console and a new rate by the API, then both hold, whichever was first', async () => {
    await standing();
    edit({ state: 'disabled' });
    await world.change('photos', { sync: { interval: '2h' } });
    await reconcile();
    expect((await world.row('photos')).sync).toMatchObject({ interval: '2h', enabled: false });
    await expectInPlace();

    await world.change('photos', { sync: { interval: '3h' } });
    edit({ state: 'enabled' });
    await reconcile();
    expect((await world.row('photos')).sync).toMatchObject({ interval: '3h', enabled: true });
    await expectInPlace();
  });

  it('given a rate in the console and a switch of the whole datasource by the API, then both hold', async () => {
    await standing();
    edit({ expression: 'rate(3 hours)' });
    await world.change('photos', { enabled: false });
    await reconcile();
    expect(await world.row('photos')).toMatchObject({ enabled: false, sync: { interval: '3h', enabled: true } });
    expect(live()).toMatchObject({ expression: 'rate(3 hours)', state: 'disabled' });
  });

  it('given a rate in the console and another bucket by the API, then both hold', async () => {
    await standing();
    edit({ expression: 'rate(3 hours)' });
    await world.change('photos', { connector: { config: { bucket: 'other-bucket', secret_access_key: 'SK' } } });
    await reconcile();
    expect((await world.row('photos')).sync.interval).toBe('3h');
    await expectInPlace();
  });

  it('given a row of version 0.1, which has no times of its changes, then its anchor stands for them', async () => {
    await standing();
    const { changed_at: _, ...sync } = (await world.row('photos')).sync;
    await world.table.put({ ...(await world.row('photos')), sync, pk: 'registry#datasource', sk: 'photos' });
    await reconcile();
    edit({ state: 'disabled' });
    await reconcile();
    expect((await world.row('photos')).sync).toMatchObject({ enabled: false, changed_by: 'console' });
  });

  it('given the schedule of a datasource that was deleted and made again, then what was written for the first is nothing to adopt', async () => {
    await standing({ interval: '5h' });
    await world.remove('photos');
    await world.create('photos', { interval: '2h' });
    await reconcile();
    expect((await world.row('photos')).sync).toMatchObject({ interval: '2h', changed_by: 'api' });
    await expectInPlace();
  });

  it('given a schedule somebody made under the id of a datasource that syncs by hand, then it is removed', async () => {
    await world.create('photos', {});
    world.wait(1000);
    await world.deps.schedules.put({
      ...{ name: 'photos', expression: 'rate(1 hour)', timezone: 'UTC', state: 'enabled', startAt: 0, input: '{}' },
    });
    await reconcile();
    expect([live(), (await world.row('photos')).sync.strategy]).toEqual([undefined, 'manual']);
  });
});

describe('all schedules', () => {
  it('are created, removed and mended, changes adopted, and the right ones left alone', async () => {
    await standing({ interval: '1h' }, 'right');
    await standing({ interval: '1h' }, 'paused');
    await standing({ interval: '1h' }, 'gone');
    await standing({ interval: '1h' }, 'stripped');
    await world.create('missing');
    edit({ state: 'disabled' }, 'paused');
    edit({ input: '' }, 'stripped');
    await world.remove('gone');
    await world.deps.schedules.put({ ...(live('right') as LiveSchedule), name: 'left-over' });
    world.scheduler.calls.length = 0;
    await reconcileAllSchedules(world.deps);
    expect([...world.scheduler.live.keys()].sort()).toEqual(['missing', 'paused', 'right', 'stripped']);
    expect(puts().sort()).toEqual(['missing', 'paused', 'stripped']);
    for (const id of ['right', 'paused', 'missing', 'stripped']) await expectInPlace(id);
  });

  it('given a deployment has replaced what schedules start, then each is put again as it stands, once', async () => {
    await standing({ interval: '1h' }, 'on');
    await standing({ interval: '1h' }, 'paused');
    edit({ state: 'disabled' }, 'paused');
    await reconcileAllSchedules(world.deps);
    const before = [await world.row('on'), await world.row('paused')];
    world.scheduler.calls.length = 0;
    world.scheduler.misdirect();
    await reconcileAllSchedules({ ...world.deps, form: 'of the new deployment' });
    expect(puts().sort()).toEqual(['on', 'paused']);
    await reconcileAllSchedules(world.deps);
    expect(puts()).toHaveLength(2);
    expect([await world.row('on'), await world.row('paused')]).toEqual(before);
    for (const id of ['on', 'paused']) await expectInPlace(id);
  });

  it('given one cannot be put, then the others are and the failure is told', async () => {
    for (const id of ['a', 'b', 'c']) await world.create(id);
    world.scheduler.fault = ({ operation, name }) => (operation === 'put' && name === 'b' ? 'server_error' : undefined);
    await expect(reconcileAllSchedules(world.deps)).rejects.toMatchObject({
      errors: [new Error('InternalServerException')],
    });
    expect([...world.scheduler.live.keys()].sort()).toEqual(['a', 'c']);
  });

  it('given an acknowledgement without datasource and schedule, then it is removed', async () => {
    await standing();
    const ack = await world.ack('photos');
    await world.remove('photos');
    await reconcile();
    await world.table.put({ pk: 'schedule-ack', sk: 'photos', ...ack });
    await reconcileAllSchedules(world.deps);
    expect(await world.ack('photos')).toBeUndefined();
  });
});
