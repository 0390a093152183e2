import * as z from 'zod';
import type { Actor } from '../model/actor.ts';
import { parseDuration } from '../model/duration.ts';
import { Failure } from '../model/errors.ts';
import { displayName } from '../model/identifier.ts';
import { tagOf } from '../model/row-tag.ts';

/** What a caller may do; each includes the ones before it. */
export const scope = z.enum(['read', 'write', 'manage']);
export type Scope = z.output<typeof scope>;

/** So many keys may be stored: each change of a managing key looks at all of them. */
export const mostKeys = 1000;

/** What was revoked is told of for so long: as long as the audit that names it. */
export const revokedKeptMs = 400 * 86_400_000;

const expiresIn = z.string('must be a text').refine((text) => (millisecondsOf(text) ?? 0) >= 1000, {
  message: 'must be a duration of a second or more, such as 12h or 90d',
});

const expiresAt = z.iso.datetime({
  offset: true,
  error: 'must be a moment with its time zone, such as 2027-01-31T00:00:00Z',
});

/** The body that asks for a key. Without `expires_at` and `expires_in` it lasts until it is revoked. */
export const apiKeyInput = z
  .strictObject({
    name: displayName,
    scope,
    expires_at: expiresAt.optional(),
    expires_in: expiresIn.optional(),
  })
  .refine((input) => input.expires_at === undefined || input.expires_in === undefined, {
    path: ['expires_in'],
    message: 'must not be given together with expires_at',
  });
export type ApiKeyInput = z.output<typeof apiKeyInput>;

/** A key at rest: never its text. */
export const apiKeyRow = z.object({
  v: z.literal(1),
  version: z.number().int(),
  id: z.string(),
  name: z.string(),
  scope,
  /** SHA-256 of the text, as hex digits. */
  hash: z.string(),
  created: z.string(),
  /** Who asked for it: the name of a key, or the kind of an actor that has none. */
  created_by: z.string(),
  expires: z.string().optional(),
});
export type ApiKeyRow = z.output<typeof apiKeyRow>;

/** What is left of a key that was revoked. */
export const revokedKeyRow = apiKeyRow.omit({ hash: true }).extend({
  revoked: z.string(),
  revoked_by: z.string(),
  last_used: z.string().optional(),
  ttl: z.number().int(),
});
export type RevokedKeyRow = z.output<typeof revokedKeyRow>;

/** True while the clock has not come to the end of the key; `now` in epoch milliseconds. */
export function isValid(row: Pick<ApiKeyRow, 'expires'>, now: number): boolean {
  return row.expires === undefined || Date.parse(row.expires) > now;
}

/** True for a key that can manage keys for as long as nobody revokes it. */
export function managesForGood(row: Pick<ApiKeyRow, 'scope' | 'expires'>): boolean {
  return row.scope === 'manage' && row.expires === undefined;
}

/**
 * When a key ends that is made now (epoch ms), as ISO text; undefined for one that lasts. Throws Failure
 * `invalid_request` for a moment that is over, or that no calendar has.
 */
export function endOf(input: ApiKeyInput, now: number): string | undefined {
  const length = input.expires_in === undefined ? undefined : millisecondsOf(input.expires_in);
  if (input.expires_at === undefined && length === undefined) return undefined;
  const at = length === undefined ? Date.parse(input.expires_at ?? '') : now + length;
  if (!(at > now)) throw refuse('expires_at', `must lie in the future; it is ${new Date(now).toISOString()} now`);
  if (at > lastMoment)
    throw refuse(length === undefined ? 'expires_at' : 'expires_in', 'must end before the year 10000');
  return new Date(at).toISOString();
}

/** Later ones are written with a sign and six digits, which not every client reads. */
const lastMoment = Date.parse('9999-12-31T23:59:59.999Z');

function millisecondsOf(text: string): number | undefined {
  const nanoseconds = parseDuration(text, { days: true });
  return nanoseconds === undefined ? undefined : Number(nanoseconds / 1_000_000n);
}

function refuse(path: string, reason: string): Failure {
  return new Failure('invalid_request', `${path} ${reason}`, { details: [{ path, reason }] });
}

/** Who made or revoked a key, in one word: the name of a key, or the kind of an actor that has none. */
export function nameOfActor(actor: Actor): string {
  return actor.kind === 'key' ? actor.id : actor.kind;
}

/** The tag of a key: what it was made with, and whether it was revoked. That it is used does not move it. */
export function apiKeyTag(row: ApiKeyRow | RevokedKeyRow): string {
  const { id, name, scope, expires = null } = row;
  return tagOf(id, { name, scope, expires, revoked: 'revoked' in row });
}
