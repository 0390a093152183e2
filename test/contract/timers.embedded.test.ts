import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '#adapters/process/system-clock.ts';
import { createSystemTimers } from '#adapters/process/timers.ts';

const DAY = 86_400_000;

describe('system timers', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.parse('2026-11-22T07:00:00Z'), toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('given a moment further away than setTimeout can count, then it fires then and not at once', () => {
    const timers = createSystemTimers(systemClock);
    const fired = vi.fn();
    timers.set(Date.now() + 40 * DAY, fired);
    vi.advanceTimersByTime(40 * DAY - 1);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('given a moment in the past, then it fires at once but not synchronously', () => {
    const timers = createSystemTimers(systemClock);
    const fired = vi.fn();
    timers.set(Date.now() - DAY, fired);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(0);
    expect(fired).toHaveBeenCalledTimes(1);
  });

  test('given it is cleared, also after it was armed again, then it does not fire', () => {
    const timers = createSystemTimers(systemClock);
    const fired = vi.fn();
    const handle = timers.set(Date.now() + 3 * DAY, fired);
    vi.advanceTimersByTime(DAY);
    timers.clear(handle);
    timers.clear(handle);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(3 * DAY);
    expect(fired).not.toHaveBeenCalled();
  });

  test('given the clock is set forward, as after a sleep of the machine, then it fires within a minute', () => {
    const timers = createSystemTimers(systemClock);
    const fired = vi.fn();
    timers.set(Date.now() + DAY, fired);
    vi.setSystemTime(Date.now() + 2 * DAY);
    vi.advanceTimersByTime(60_000);
    expect(fired).toHaveBeenCalledTimes(1);
  });

  test('given the clock is set back by days, then it calls within a minute, for whoever waits to look at the clock', () => {
    const timers = createSystemTimers(systemClock);
    const fired = vi.fn();
    timers.set(Date.now() + DAY, fired);
    vi.advanceTimersByTime(3_600_000);
    vi.setSystemTime(Date.now() - 40 * DAY);
    vi.advanceTimersByTime(60_000);
    expect(fired).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('given the clock is set back by less than it waited, then it fires at its moment by the new clock', () => {
    const timers = createSystemTimers(systemClock);
    const fired = vi.fn();
    timers.set(Date.now() + 30_000, fired);
    vi.advanceTimersByTime(20_000);
    vi.setSystemTime(Date.now() - 5000);
    vi.advanceTimersByTime(14_999);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledTimes(1);
  });
});
