import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readAudit } from '#core/audit/read-audit.ts';
import { deleteWebhook } from '#core/webhooks/delete-webhook.ts';
import { readWebhooks } from '#core/webhooks/read-webhooks.ts';
import { createWebhookWorld, jobEvent, runEvent, start } from './webhook-world.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

describe('what is delivered', () => {
  test('given a completed run, those that asked for it get one signed request with its facts', async () => {
    const world = createWebhookWorld();
    await world.create();
    await world.create({ url: 'https://two.test/', events: ['sync.failed'] });
    await world.queue.start();
    await world.tell(runEvent('completed'));
    await world.time.advance(second);
    expect(world.sent).toHaveLength(1);
    const [{ url, headers, body }] = world.sent as [(typeof world.sent)[0]];
    expect(url).toBe('https://one.test/');
    expect(JSON.parse(body)).toMatchObject({
      ...{ event: 'sync.completed', run_id: 'run1', status: 'completed', datasource: 'docs', trigger: 'schedule' },
      ...{ timestamp: '2026-03-01T09:59:59.000Z', schedule_id: null, connector_id: null },
    });
    const hmac = (text: string) => createHmac('sha256', 'secret-of-one').update(text).digest('hex');
    expect(headers['x-flexorch-signature']).toBe(hmac(body));
    expect(headers['x-stocktake-signature']).toBe(hmac(`${headers['x-stocktake-timestamp']}.${body}`));
    expect(headers['x-stocktake-timestamp']).toBe(String(start / 1000));
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-stocktake-event': 'sync.completed' });
  });

  test.each([
    [runEvent('failed'), 'sync.failed', 'failed'],
    [runEvent('held'), 'sync.failed', 'held'],
    [jobEvent('completed'), 'job.completed', 'completed'],
    [jobEvent('failed'), 'job.failed', 'failed'],
  ])('given the event %j, it is told as %s', async (event, name, status) => {
    const world = createWebhookWorld();
    await world.create({ events: ['sync.completed', 'sync.failed', 'job.completed', 'job.failed'] });
    await world.queue.start();
    await world.tell(event);
    await world.time.advance(second);
    const bodies = world.sent.map(({ body }) => JSON.parse(body));
    expect(bodies).toMatchObject([{ event: name, status }]);
    if (name.startsWith('job.')) {
      expect(bodies).toMatchObject([{ job_id: 7, document_id: 'docs.YQ', filename: 'a.pdf' }]);
      if (status === 'failed') expect(bodies[0].failure_reason).toContain('no object');
    } else expect(bodies).toMatchObject([{ run_id: 'run1' }]);
  });

  test('given events that webhooks are not told of, or cannot be read, nothing is sent and nothing fails', async () => {
    const world = createWebhookWorld();
    await world.create();
    await world.queue.start();
    await world.tell({ ...runEvent('completed'), type: 'Objects Added' });
    await world.tell({ ...runEvent('completed'), type: 'constructor' });
    await world.tell({ ...runEvent('completed'), detail: { id: 7 } });
    await world.time.advance(hour);
    expect(world.sent).toEqual([]);
    expect(world.log.lines.map(({ fact }) => fact)).toEqual(['event not readable for webhooks']);
  });

  test('given the same event three times, at once and later, each webhook gets it once', async () => {
    const world = createWebhookWorld();
    await world.create();
    await world.create({ url: 'https://two.test/' });
    await world.queue.start();
    await Promise.all([world.tell(runEvent('completed')), world.tell(runEvent('completed'))]);
    await world.time.advance(hour);
    await world.tell(runEvent('completed'));
    await world.time.advance(hour);
    expect(world.sent.map(({ url }) => url).sort()).toEqual(['https://one.test/', 'https://two.test/']);
    expect(new Set(world.sent.map(({ headers }) => headers['x-stocktake-delivery'])).size).toBe(2);
  });
});

describe('a receiver that fails', () => {
  test('given one that never answers well, it is tried nine times over a day with growing waits, then given up', async () => {
    const world = createWebhookWorld();
    await world.create();
    world.receive('https://one.test/', () => ({ problem: 'timeout' }));
    await world.queue.start();
    await world.tell(jobEvent('failed'));
    await world.time.advance(72 * hour);
    const at = world.sent.map((each) => each.at);
    expect(at).toHaveLength(9);
    const waits = [10 * second, minute, 5 * minute, 15 * minute, hour, 3 * hour, 6 * hour, 12 * hour];
    waits.forEach((wait, index) => {
      const waited = (at[index + 1] ?? 0) - (at[index] ?? 0);
      // Jitter, and whole seconds of the queue.
      expect([index, waited >= wait, waited <= wait * 1.2 + 2 * second]).toEqual([index, true, true]);
    });
    expect(new Set(world.sent.map(({ body }) => body)).size).toBe(1);
    expect(new Set(world.sent.map(({ headers }) => headers['x-stocktake-delivery'])).size).toBe(1);
    expect(new Set(world.sent.map(({ headers }) => headers['x-stocktake-timestamp'])).size).toBe(9);
    const [row] = await world.deliveries();
    expect(row).toMatchObject({ status: 'dead', attempts: 9, problem: 'timeout' });
    const fourteenDays = 14 * 24 * 3600;
    expect(row?.ttl).toBe(Math.floor((start + (at[8] ?? 0)) / 1000) + fourteenDays);
    expect(world.dead).toEqual([{ type: 'retry', webhook: '1', delivery: row?.id }]);
    expect(world.log.lines.filter(({ level }) => level === 'error').map(({ fact }) => fact)).toEqual([
      'webhook delivery given up',
    ]);
    const last_delivery = { status: 'failed', problem: 'timeout', attempts: 9, event: 'job.failed', id: row?.id };
    expect(await readWebhooks(world)).toMatchObject([{ failures: 9, last_delivery }]);
  });

  test('given dead letters that are sent back, the delivery begins anew under its old id, once', async () => {
    const world = createWebhookWorld();
    await world.create();
    let well = false;
    world.receive('https://one.test/', () => ({ status: well ? 200 : 503 }));
    await world.queue.start();
    await world.tell(jobEvent('failed'));
    await world.time.advance(72 * hour);
    well = true;
    for (let times = 0; times < 2; times += 1) {
      for (const letter of world.dead) await world.queue.send(letter);
      await world.time.advance(hour);
    }
    expect(world.sent).toHaveLength(10);
    expect(new Set(world.sent.map(({ headers }) => headers['x-stocktake-delivery'])).size).toBe(1);
    expect(await world.deliveries()).toMatchObject([{ status: 'delivered', attempts: 1, http_status: 200 }]);
  });

  test.each([301, 307, 400, 401, 404, 429, 500, 503])(
    'given a %i first, it is tried again and then done',
    async (status) => {
      const world = createWebhookWorld();
      await world.create();
      world.receive('https://one.test/', () => ({ status: world.sent.length === 1 ? status : 202 }));
      await world.queue.start();
      await world.tell(runEvent('completed'));
      await world.time.advance(hour);
      expect(world.sent).toHaveLength(2);
      expect(await world.deliveries()).toMatchObject([{ status: 'delivered', attempts: 2, http_status: 202 }]);
      expect(await readWebhooks(world)).toMatchObject([{ failures: 0, last_delivery: { status: 'delivered' } }]);
    },
  );

  test('given a 410, the webhook is switched off, says why, and gets nothing more', async () => {
    const world = createWebhookWorld();
    await world.create();
    world.receive('https://one.test/', () => ({ status: 410 }));
    await world.queue.start();
    await world.tell(runEvent('completed', 'run1'));
    await world.time.advance(minute);
    await world.tell(runEvent('completed', 'run2'));
    await world.time.advance(72 * hour);
    expect(world.sent).toHaveLength(1);
    expect(await readWebhooks(world)).toMatchObject([
      { active: false, switched_off: expect.stringContaining('410'), last_delivery: { http_status: 410 } },
    ]);
    expect(world.dead).toEqual([]);
    const { entries } = await readAudit(world, { size: 10, kind: 'webhook', actor: 'stocktake' });
    expect(entries).toMatchObject([{ action: 'updated', before: { active: true }, after: { active: false } }]);
  });

  test('given a webhook that is deleted while a delivery waits, nothing more is sent', async () => {
    const world = createWebhookWorld();
    await world.create();
    world.receive('https://one.test/', () => ({ status: 500 }));
    await world.queue.start();
    await world.tell(runEvent('completed'));
    await world.time.advance(second);
    await deleteWebhook(world, '1');
    await world.time.advance(72 * hour);
    expect(world.sent).toHaveLength(1);
    expect(await world.deliveries()).toMatchObject([{ status: 'dropped' }]);
    expect(await readWebhooks(world)).toEqual([]);
  });
});

describe('many webhooks', () => {
  const many = 60;

  test('given one whose every request hangs for ten seconds, the other gets all of its events without delay', async () => {
    const world = createWebhookWorld();
    await world.create({ url: 'https://slow.test/' });
    await world.create({ url: 'https://fast.test/' });
    world.receive('https://slow.test/', async () => {
      await world.time.sleep(10 * second);
      return { problem: 'timeout' };
    });
    await world.queue.start();
    // Until it is known to be slow it may take up what there is.
    for (let index = 0; index < 3; index += 1) await world.tell(runEvent('completed', `first${index}`));
    await world.time.advance(30 * second);
    const before = world.time.clock.now() - start;
    for (let index = 0; index < many; index += 1) await world.tell(runEvent('completed', `run${index}`));
    await world.time.advance(2 * second);
    const fast = world.sent.filter(({ url, at }) => url === 'https://fast.test/' && at >= before);
    expect(fast).toHaveLength(many);
  });

  test('given a receiver that is away for an hour, it is asked by few, and gets everything once it is back', async () => {
    const world = createWebhookWorld();
    await world.create();
    let well = false;
    world.receive('https://one.test/', async () => {
      await world.time.sleep(10 * second);
      return well ? { status: 200 } : { problem: 'timeout' };
    });
    await world.queue.start();
    for (let index = 0; index < many; index += 1) await world.tell(runEvent('completed', `run${index}`));
    await world.time.advance(hour);
    // Sixteen at once before it is known to fail; then one after each rest.
    expect(world.sent.length).toBeLessThan(40);
    well = true;
    await world.time.advance(3 * hour);
    const rows = await world.deliveries();
    expect(rows.filter(({ status }) => status === 'delivered')).toHaveLength(many);
    expect(world.dead).toEqual([]);
  });

  test('given a clock that was ahead and is put right, then what failed meanwhile goes on by the waits of its attempt', async () => {
    const world = createWebhookWorld();
    await world.create();
    let well = false;
    world.receive('https://one.test/', () => (well ? { status: 200 } : { problem: 'unreachable' }));
    const right = world.time.clock.now();
    world.time.set(right + 40 * 24 * hour);
    await world.queue.start();
    for (let index = 0; index < many; index += 1) await world.tell(runEvent('completed', `run${index}`));
    await world.time.advance(hour);
    world.time.set(right);
    // Before it is well again it is asked, though it rests by the clock that was ahead
    const asked = world.sent.length;
    await world.time.advance(20 * 60 * second);
    expect(world.sent.length).toBeGreaterThan(asked);
    well = true;
    await world.time.advance(3 * hour);
    expect(new Set((await world.deliveries()).map(({ status }) => status))).toEqual(new Set(['delivered']));
    const since = (await world.deliveries()).map((row) => row.since - right);
    expect(Math.min(...since)).toBeLessThan(hour);
  });

  test('given a claim that a clock made which was ahead, then the delivery is claimed anew when it is put right', async () => {
    const world = createWebhookWorld();
    await world.create();
    let heard = false;
    world.receive('https://one.test/', () => {
      if (heard) return { status: 200 };
      heard = true;
      throw new Error('the process dies here');
    });
    const right = world.time.clock.now();
    world.time.set(right + 40 * 24 * hour);
    await world.queue.start();
    await world.tell(runEvent('completed'));
    await world.time.advance(0);
    expect((await world.deliveries())[0]).toMatchObject({ status: 'pending', claimed_until: expect.any(Number) });
    world.time.set(right);
    await world.time.advance(90 * second);
    expect((await world.deliveries())[0]).toMatchObject({ status: 'delivered' });
  });

  test('given a receiver that never comes back, all are given up in the end', async () => {
    const world = createWebhookWorld();
    await world.create();
    world.receive('https://one.test/', () => ({ problem: 'unreachable' }));
    await world.queue.start();
    for (let index = 0; index < 12; index += 1) await world.tell(runEvent('completed', `run${index}`));
    await world.time.advance(80 * hour);
    const rows = await world.deliveries();
    expect(rows.map(({ status }) => status)).toEqual(rows.map(() => 'dead'));
    expect(world.dead).toHaveLength(12);
  });
});
