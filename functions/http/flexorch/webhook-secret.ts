import * as z from 'zod';
import { webhookInput } from '#core/webhooks/webhook.ts';

/** What is asked for wherever no client is used to less. */
const strong = 16;

/** The body of POST /v1/webhooks. Clients of this dialect may give secrets from 8 characters on. */
export const webhookOfClients = webhookInput.extend({
  secret: z
    .string('must be a text')
    .regex(/^[\x20-\x7e]{8,256}$/, `must be 8–256 printable ASCII characters, better ${strong} or more`)
    .optional(),
});

/** What somebody should know of the secret that they gave, a sentence each; nothing where there is nothing to say. */
export function secretWarnings(secret: string | undefined): { readonly warnings?: readonly string[] } {
  if (secret === undefined || secret.length >= strong) return {};
  const length = `the secret has ${secret.length} characters`;
  const advice = `fewer than ${strong} can be guessed from one signed body: register it anew with a longer one`;
  return { warnings: [`${length}, and ${advice}`] };
}
