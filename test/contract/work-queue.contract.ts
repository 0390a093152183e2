import { afterEach, describe, expect, test } from 'vitest';
import type { WorkQueue } from '#core/model/ports/work-queue.ts';

export type Consume = (message: unknown, delivery: { readonly attempt: number }) => Promise<void>;

export type WorkQueueUnderTest = {
  readonly queue: WorkQueue;
  /** How many deliveries a message gets at most. */
  readonly maxAttempts: number;
  /** Lets so much time go by on the adapter's clock, and everything happen that falls into it. */
  pass(seconds: number): Promise<void>;
  /** The messages in the dead letters. */
  dead(): Promise<unknown[]>;
  close(): Promise<void>;
};

/** Longer than all retries of a message together. */
const LONG = 3600;

/** What both hosts' WorkQueue must do. */
export function workQueueContract(name: string, make: (consume: Consume) => Promise<WorkQueueUnderTest>): void {
  describe(`WorkQueue: ${name}`, () => {
    let made: WorkQueueUnderTest | undefined;
    afterEach(() => made?.close());
    const open = async (consume: Consume) => {
      made = await make(consume);
      return made;
    };

    test('given messages are sent, then each is delivered as it was sent', async () => {
      const seen: unknown[] = [];
      const { queue, pass } = await open(async (message) => {
        seen.push(message);
      });
      const messages = [
        { kind: 'range', lo: 'a\u0000\uffff𐀀', nested: [1, null, { true: true }] },
        'text',
        7,
        [],
        null,
      ];
      for (const message of messages) await queue.send(message);
      await pass(LONG);
      expect(new Set(seen.map((each) => JSON.stringify(each)))).toEqual(
        new Set(messages.map((each) => JSON.stringify(each))),
      );
      expect(seen).toHaveLength(messages.length);
    });

    test('given a delay, then it is not delivered before', async () => {
      const seen: unknown[] = [];
      const { queue, pass } = await open(async (message) => {
        seen.push(message);
      });
      await queue.send('late', { delaySeconds: 900 });
      await queue.send('soon', { delaySeconds: 20 });
      await queue.send('now');
      await pass(19);
      expect(seen).toEqual(['now']);
      await pass(1);
      expect(seen).toEqual(['now', 'soon']);
      await pass(879);
      expect(seen).toEqual(['now', 'soon']);
      await pass(1);
      expect(seen).toEqual(['now', 'soon', 'late']);
    });

    test.each([-1, 901, 0.5, Number.NaN])('given a delay of %d seconds, then send refuses it', async (delaySeconds) => {
      const seen: unknown[] = [];
      const { queue, pass } = await open(async (message) => {
        seen.push(message);
      });
      await expect(queue.send('x', { delaySeconds })).rejects.toThrow();
      await pass(LONG);
      expect(seen).toEqual([]);
    });

    test('given the consumer fails once, then the message comes again and then no more', async () => {
      const attempts: number[] = [];
      const { queue, pass, dead } = await open(async (_, { attempt }) => {
        attempts.push(attempt);
        if (attempt === 1) throw new Error('not yet');
      });
      await queue.send('x');
      await pass(LONG);
      expect(attempts).toEqual([1, 2]);
      expect(await dead()).toEqual([]);
    });

    test('given the consumer always fails, then the message ends in the dead letters after the last attempt', async () => {
      const attempts: number[] = [];
      const { queue, pass, dead, maxAttempts } = await open(async (message, { attempt }) => {
        if (message !== 'poison') return;
        attempts.push(attempt);
        throw new Error('never');
      });
      await queue.send('poison');
      await queue.send('good');
      await pass(LONG);
      expect(attempts).toEqual(Array.from({ length: maxAttempts }, (_, index) => index + 1));
      expect(await dead()).toEqual(['poison']);
    });

    test('given a consumer that sends, then what it sends is delivered too', async () => {
      const seen: unknown[] = [];
      const { queue, pass } = await open(async (message) => {
        seen.push(message);
        if (typeof message === 'number' && message < 40) await queue.send(message + 1);
      });
      await queue.send(1);
      await pass(LONG);
      expect(seen).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    });
  });
}
