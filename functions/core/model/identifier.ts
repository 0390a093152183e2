import * as z from 'zod';

/** An id that a caller chose or we made: it stands in URLs, in a schedule's name (Scheduler allows 64 of these
 *  characters) and before the dot of a document id. Begins with a letter or digit, so that no id looks like `_search`. */
export const identifier = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
    'must be 1–64 of letters, digits, _ . - and begin with a letter or digit',
  );

/** JSON can write half of a surrogate pair, which no store can keep as UTF-8. */
const notUnicode = 'must be valid Unicode text, without half surrogate pairs';

/** A display name, kept as it was written. What it may not hold depends on what stands: registry/visible-labels.ts. */
export const displayName = z
  .string('must be a text')
  .max(256, 'must be at most 256 characters')
  .refine((text) => text.trim() !== '', 'must not be empty')
  .refine((text) => text.isWellFormed(), notUnicode);

/** Free text of limited length, for descriptions and links. */
export function freeText(most: number) {
  return z
    .string()
    .max(most, `must be at most ${most.toLocaleString('en')} characters`)
    .refine((text) => text.isWellFormed(), notUnicode);
}
