import { expect, it } from 'vitest';
import { createGiveWay } from '#adapters/process/give-way.ts';

const free = 20;

it('given a run of few steps, it waits for nothing, whatever others do', async () => {
  const giveWay = createGiveWay();
  const order: string[] = [];
  for (let step = 0; step < free; step += 1) await giveWay('long');
  const step = async (id: string): Promise<void> => {
    await giveWay(id);
    order.push(id);
  };
  const long = Promise.all(Array.from({ length: 50 }, () => step('long')));
  for (let steps = 1; steps < free; steps += 1) await giveWay('short');
  await step('short');
  await long;
  expect(order.indexOf('short')).toBeLessThan(3);
});

it('given a run of many streams and one of one, both have their turns', async () => {
  const giveWay = createGiveWay();
  for (const id of ['wide', 'narrow']) for (let step = 0; step < free; step += 1) await giveWay(id);
  const order: string[] = [];
  const stream = async (id: string, steps: number): Promise<void> => {
    for (let step = 0; step < steps; step += 1) {
      await giveWay(id);
      order.push(id);
    }
  };
  await Promise.all([...Array.from({ length: 16 }, () => stream('wide', 4)), stream('narrow', 4)]);
  // Its last step is among the first of the wide one's, and not behind them all.
  expect(order.lastIndexOf('narrow')).toBeLessThan(16);
  expect(order).toHaveLength(68);
});

it('given a process that is never idle, each step goes on all the same', async () => {
  let time = 0;
  // By this clock each timer is a second late.
  const giveWay = createGiveWay(() => {
    time += 1000;
    return time;
  });
  for (let step = 0; step < free + 5; step += 1) await giveWay('run');
  expect(time).toBeGreaterThan(0);
});
