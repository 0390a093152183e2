import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createVirtualTime } from './virtual-time.ts';

describe('virtual time', () => {
  test('given timers, then they fire in order of their moments, equal ones as they were set, each at its moment', async () => {
    const { clock, timers, advance } = createVirtualTime(1000);
    const fired: [string, number][] = [];
    const at = (name: string, moment: number) => timers.set(moment, () => fired.push([name, clock.now()]));
    at('late', 1030);
    at('first', 1010);
    at('second', 1010);
    at('past', 5);
    at('never', 1031);
    await advance(30);
    expect(fired).toEqual([
      ['past', 1000],
      ['first', 1010],
      ['second', 1010],
      ['late', 1030],
    ]);
    expect(clock.now()).toBe(1030);
  });

  test('given work of many promises and turns, then it settles before the next timer fires', async () => {
    const { timers, advance } = createVirtualTime(0);
    const log: string[] = [];
    timers.set(10, async () => {
      for (let n = 0; n < 1000; n++) await Promise.resolve();
      for (let n = 0; n < 10; n++) await nextTurn();
      log.push('work');
    });
    timers.set(10, () => void log.push('next timer'));
    await advance(10);
    expect(log).toEqual(['work', 'next timer']);
  });

  test('given timers that set timers, and sleeps, then those that fall into the time fire too', async () => {
    const { clock, timers, advance, sleep, waiting } = createVirtualTime(0);
    const fired: number[] = [];
    const tick = () => {
      fired.push(clock.now());
      timers.set(clock.now() + 10, tick);
    };
    timers.set(10, tick);
    void sleep(15).then(() => fired.push(clock.now()));
    await advance(35);
    expect(fired).toEqual([10, 15, 20, 30]);
    expect(waiting()).toEqual([40]);
  });

  test('given a timer is cleared, then it does not fire', async () => {
    const { timers, advance, waiting } = createVirtualTime(0);
    const handle = timers.set(10, () => expect.unreachable());
    timers.clear(handle);
    await advance(20);
    expect(waiting()).toEqual([]);
  });

  test('given timers that never let the clock go on, then it fails instead of hanging', async () => {
    const { clock, timers, advance } = createVirtualTime(0);
    const again = () => void timers.set(clock.now(), again);
    again();
    await expect(advance(1)).rejects.toThrow('timers never end at 0');
  });
});
