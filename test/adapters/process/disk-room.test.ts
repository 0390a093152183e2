import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { createDiskRoom, freeBytesOf } from '#adapters/process/disk-room.ts';

const on = (free: () => number) => {
  const time = { now: 1_000_000, looks: 0 };
  const freeBytes = async () => {
    time.looks += 1;
    return free();
  };
  return { time, room: createDiskRoom({ clock: { now: () => time.now }, leastFreeBytes: 1e9, freeBytes }) };
};

it('given more than stays free, there is room; below it there is none, and both figures and the setting are told', async () => {
  let free = 1e9;
  const { room, time } = on(() => free);
  await room.demand();
  free = 0.4e9;
  time.now += 5000;
  await expect(room.demand()).rejects.toMatchObject({
    code: 'quota_exceeded',
    message: expect.stringMatching(/400 MB left and 1,000 MB stay free.*STOCKTAKE_MIN_FREE_MB/),
  });
  free = 2e9;
  time.now += 5000;
  await room.demand();
});

it('looks every five seconds and no more often, however many ask, and at once where the clock was set back', async () => {
  const { room, time } = on(() => 2e9);
  await Promise.all(Array.from({ length: 50 }, () => room.demand()));
  time.now += 4999;
  await room.demand();
  expect(time.looks).toBe(1);
  time.now += 1;
  await room.demand();
  time.now -= 3_600_000;
  await room.demand();
  expect(time.looks).toBe(3);
});

it('knows what is free on the disk of a folder', async () => {
  expect(await freeBytesOf(tmpdir())).toBeGreaterThan(0);
});
