import * as z from 'zod';
import { parseWebhookUrl } from './webhook-url.ts';

/** What a webhook can be told of. */
export const webhookEvent = z.enum(
  ['job.completed', 'job.failed', 'sync.completed', 'sync.failed'],
  'must be one of job.completed, job.failed, sync.completed, sync.failed',
);
export type WebhookEvent = z.output<typeof webhookEvent>;

/** So many webhooks there may be: each is asked for with every event. */
export const mostWebhooks = 50;

const url = z.string('must be a text').check((context) => {
  const parsed = parseWebhookUrl(context.value);
  if ('reason' in parsed) context.issues.push({ code: 'custom', message: parsed.reason, input: context.value });
});

/** Shorter ones could be guessed from one signed body; the longest is far within what a vault seals. */
const secret = z.string('must be a text').regex(/^[\x20-\x7e]{8,256}$/, 'must be 8–256 printable ASCII characters');

/** The body of POST /v1/webhooks. */
export const webhookInput = z.strictObject({
  url,
  events: z
    .array(webhookEvent, 'must be a list of events')
    .min(1, 'must name at least one event')
    .refine((all) => new Set(all).size === all.length, 'must name each event once'),
  secret: secret.optional(),
});
export type WebhookInput = z.output<typeof webhookInput>;

/** A webhook at rest. `owner` binds its sealed secret. `switched_off` says why it is no longer active. */
export const webhookRow = z.object({
  v: z.literal(1),
  version: z.number().int(),
  id: z.string(),
  number: z.number().int(),
  owner: z.string(),
  url: z.string(),
  events: z.array(webhookEvent),
  active: z.boolean(),
  switched_off: z.string().optional(),
  secret: z.string(),
  created: z.string(),
});
export type WebhookRow = z.output<typeof webhookRow>;

/** Whose secret it is: the vault binds the ciphertext to it. */
export function secretContext(row: Pick<WebhookRow, 'owner'>): { kind: 'webhook'; uid: string; field: 'secret' } {
  return { kind: 'webhook', uid: row.owner, field: 'secret' };
}
