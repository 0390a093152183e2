import { describe, expect, test } from 'vitest';
import { queueShares } from '../../infra/aws/constructs/queue-shares.ts';
import { render, synthesize } from './stack-template.ts';

describe('what queues may take of an account', () => {
  test.each([
    [10, undefined, { work: 4, jobs: 2, webhooks: 2 }],
    [100, undefined, { work: 71, jobs: 5, webhooks: 4 }],
    [1000, undefined, { work: 791, jobs: 5, webhooks: 4 }],
    [100_000, undefined, { work: 1000, jobs: 5, webhooks: 4 }],
    [1000, 20, { work: 16, jobs: 5, webhooks: 4 }],
    [1000, 3, { work: 2, jobs: 5, webhooks: 4 }],
    [10, 1000, { work: 4, jobs: 2, webhooks: 2 }],
  ])('given %i at once and %s for syncs, each queue has its share', (accountConcurrency, syncConcurrency, shares) => {
    expect(queueShares({ accountConcurrency, syncConcurrency })).toEqual(shares);
  });

  test('given any account, all of them together leave a fifth of it, and none less than two', () => {
    for (let accountConcurrency = 10; accountConcurrency < 3000; accountConcurrency += 1) {
      const { work, jobs, webhooks } = queueShares({ accountConcurrency, syncConcurrency: undefined });
      expect(work + jobs + webhooks).toBeLessThanOrEqual(accountConcurrency * 0.8);
      expect(Math.min(work, jobs, webhooks)).toBeGreaterThanOrEqual(2);
    }
  });

  test('given a new account, every mapping of a queue in the stack is held to its share', () => {
    const stack = synthesize({ accountConcurrency: '10' });
    const mappings = stack.ofType('AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => Properties);
    const ofQueues = mappings.filter(({ EventSourceArn }) => /Queue/.test(render(EventSourceArn)));
    const held = ofQueues.map(
      ({ ScalingConfig }) => (ScalingConfig as { MaximumConcurrency: number }).MaximumConcurrency,
    );
    expect(held.sort()).toEqual([2, 2, 4]);
  });
});
