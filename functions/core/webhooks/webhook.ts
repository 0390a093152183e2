import * as z from 'zod';
import { fieldsOf, tagOf } from '../model/row-tag.ts';
import { parseWebhookUrl } from './webhook-url.ts';

/** What a webhook can be told of. */
export const webhookEvent = z.enum(['job.completed', 'job.failed', 'sync.completed', 'sync.failed']);
export type WebhookEvent = z.output<typeof webhookEvent>;

/** The name of an event of any system that clients were written for: what never occurs here is taken and never told. */
const eventName = z
  .string('must be a text')
  .regex(
    /^[A-Za-z][A-Za-z0-9_.:-]{0,63}$/,
    `must be the name of an event, such as ${webhookEvent.options.join(', ')}: 1–64 of letters, digits, _ . : -`,
  );

/** Far more names than any system has. */
const mostEvents = 50;

/** Those of these events that never occur here. */
export function idleEvents(events: readonly string[]): string[] {
  return events.filter((event) => !webhookEvent.safeParse(event).success);
}

/** So many webhooks there may be: each is asked for with every event. */
export const mostWebhooks = 50;

const url = z.string('must be a text').check((context) => {
  const parsed = parseWebhookUrl(context.value);
  if ('reason' in parsed) context.issues.push({ code: 'custom', message: parsed.reason, input: context.value });
});

/** Of 16 on, one signed body gives nobody who guesses a chance; the longest is far within what a vault seals. */
const secret = z.string('must be a text').regex(/^[\x20-\x7e]{16,256}$/, 'must be 16–256 printable ASCII characters');

/** The body that makes a webhook. */
export const webhookInput = z.strictObject({
  url,
  events: z
    .array(eventName, 'must be a list of events')
    .min(1, 'must name at least one event')
    .max(mostEvents, `must be at most ${mostEvents} events`)
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
  events: z.array(z.string()),
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

/** The tag of a webhook: that it was switched off, and how it fares, does not move it. */
export function webhookTag(row: WebhookRow): string {
  return tagOf(row.owner, fieldsOf(row, Object.keys(webhookInput.shape)));
}
