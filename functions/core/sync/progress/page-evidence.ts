import { hash } from 'node:crypto';
import * as z from 'zod';

/**
 * What one page of a listing showed, to be held against another answer about the same keys: after which key it began
 * (absent: at the beginning of the scope), how many keys it had, a digest of them, and whether more followed.
 */
export const pageEvidence = z.object({
  after: z.string().optional(),
  count: z.number().int(),
  digest: z.string(),
  more: z.boolean(),
});
export type PageEvidence = z.output<typeof pageEvidence>;

export function evidenceOf(after: string | undefined, keys: readonly string[], more: boolean): PageEvidence {
  return { after, count: keys.length, digest: digestOf(keys), more };
}

/** True if an answer that begins where the page did has the same first keys, and tells alike whether more follow them. */
export function confirms(evidence: PageEvidence, keys: readonly string[], ended: boolean): boolean {
  if (keys.length < evidence.count || digestOf(keys.slice(0, evidence.count)) !== evidence.digest) return false;
  return evidence.more === (keys.length > evidence.count || !ended);
}

function digestOf(keys: readonly string[]): string {
  return hash('sha256', JSON.stringify(keys), 'hex').slice(0, 32);
}
