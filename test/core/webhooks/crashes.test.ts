import { describe, expect, test } from 'vitest';
import type { WebhookAnswer } from '#core/model/ports/webhooks.ts';
import { createWebhookWorld, jobEvent, ok } from './webhook-world.ts';

const hour = 3_600_000;

/** Runs one delivery with the process dying at the n-th moment between two external calls; undefined: there is none. */
async function dieAt(moment: number, answers: (request: number) => WebhookAnswer) {
  let passed = 0;
  let died: string | undefined;
  const world = createWebhookWorld({
    interrupt(call) {
      passed += 1;
      if (passed !== moment) return;
      died = call;
      throw new Error(`died ${call}`);
    },
  });
  await world.create();
  world.receive('https://one.test/', () => answers(world.sent.length));
  await world.queue.start();
  await world.tell(jobEvent('failed'));
  await world.time.advance(72 * hour);
  return { world, died, passed };
}

/** Dies once at each moment there is, or at the last `most` of them, and judges what came of it. Returns how many. */
async function dieEverywhere(
  answers: (request: number) => WebhookAnswer,
  judge: (died: string, world: Awaited<ReturnType<typeof dieAt>>['world']) => Promise<void>,
  most = Number.POSITIVE_INFINITY,
): Promise<number> {
  const { passed } = await dieAt(Number.POSITIVE_INFINITY, answers);
  for (let moment = Math.max(1, passed - most); moment <= passed; moment += 1) {
    const { world, died = '' } = await dieAt(moment, answers);
    const ids = new Set(world.sent.map(({ headers }) => headers['x-stocktake-delivery']));
    expect([died, ids.size]).toEqual([expect.stringMatching(/./), 1]);
    expect(await world.deliveries()).toHaveLength(1);
    await judge(died, world);
  }
  return passed;
}

describe('a process that dies between any two external calls', () => {
  test('given a receiver that is well, it gets the event once or twice, under one id', async () => {
    const moments = await dieEverywhere(
      () => ok,
      async (died, world) => {
        expect([died, world.sent.length >= 1 && world.sent.length <= 2]).toEqual([died, true]);
        expect([died, await world.deliveries()]).toMatchObject([died, [{ status: 'delivered' }]]);
      },
    );
    expect(moments).toBeGreaterThan(15);
  });

  test('given a receiver that is away at first, the event is not lost', async () => {
    const moments = await dieEverywhere(
      (request) => (request <= 4 ? { problem: 'unreachable' } : ok),
      async (died, world) => {
        expect([died, world.sent.length >= 5 && world.sent.length <= 7]).toEqual([died, true]);
        expect([died, await world.deliveries()]).toMatchObject([died, [{ status: 'delivered' }]]);
        expect(world.dead).toEqual([]);
      },
    );
    expect(moments).toBeGreaterThan(50);
  });

  test('given a receiver that never answers well, it is given up, and there is a dead letter', async () => {
    await dieEverywhere(
      () => ({ status: 500 }),
      async (died, world) => {
        expect([died, await world.deliveries()]).toMatchObject([died, [{ status: 'dead' }]]);
        expect([died, world.dead.length >= 1 && world.dead.length <= 2]).toEqual([died, true]);
        expect(world.sent.length).toBeLessThanOrEqual(11);
      },
      25,
    );
  });
});
