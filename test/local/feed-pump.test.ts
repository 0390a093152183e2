import { expect, it } from 'vitest';
import { createFeedPump } from '#local/feed-pump.ts';

/** The feed announces a change so many microtasks after the pump's last read said that there is nothing more. */
it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])('reads what is announced %i microtasks after an empty read', async (ticks) => {
  let listener = () => {};
  let queued: number[] = [];
  const seen: number[] = [];
  let reads = 0;
  const feed = {
    async read() {
      reads += 1;
      const out = queued.map((sequence) => ({ sequence, change: { key: { pk: 'p', sk: String(sequence) } } }));
      if (reads === 1) {
        let hop = Promise.resolve();
        for (let n = 0; n < ticks; n += 1) hop = hop.then(() => undefined);
        void hop.then(() => {
          queued.push(1);
          listener();
        });
      }
      return out;
    },
    async acknowledge(through: number) {
      queued = queued.filter((each) => each > through);
    },
    onAppend(heard: () => void) {
      listener = heard;
      return () => {};
    },
  };
  const pump = createFeedPump({
    feed: feed as never,
    clock: { now: () => 0 },
    timers: { set: () => ({}) as never, clear: () => {} } as never,
    log: { info() {}, warn() {}, error() {} },
    readers: [async (changes) => void seen.push(...changes.map((c) => Number(c.key.sk)))],
  });
  pump.start();
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(seen).toEqual([1]);
});
