import * as z from 'zod';

const named = { webhook: z.string(), delivery: z.string() };

/** What travels through the queue of webhooks. */
export const webhookMessage = z.discriminatedUnion('type', [
  /** Something was published on the bus: tell the webhooks that want to know. */
  z.strictObject({
    type: z.literal('event'),
    event: z.object({
      id: z.string(),
      type: z.string(),
      time: z.string(),
      detail: z.record(z.string(), z.unknown()),
    }),
  }),
  /** Make an attempt, the number `attempt` (from 1), not before `due` (epoch ms). */
  z.strictObject({ type: z.literal('deliver'), ...named, attempt: z.number().int().min(1), due: z.number() }),
  /** Begin anew with a delivery that was given up: what lies in the dead letters. */
  z.strictObject({ type: z.literal('retry'), ...named }),
]);
export type WebhookMessage = z.output<typeof webhookMessage>;
export type DeliverMessage = Extract<WebhookMessage, { type: 'deliver' }>;
