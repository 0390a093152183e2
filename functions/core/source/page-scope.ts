import type { ListingPage } from '../model/ports/listing.ts';
import { signatureAt } from '../model/signature-marks.ts';
import { isAccessPointAlias } from './bucket-name.ts';
import type { Leniency } from './leniency.ts';
import { advice, quote, refuse } from './listing-refusal.ts';
import type { PageExpectation } from './proven-page.ts';

/** The document is a listing, and whole. That is a condition of any server. */
export function proveDocument(page: ListingPage, leniency: Leniency): void {
  if (page.unreadable !== undefined) {
    refuse(
      `an answer could not be read: ${page.unreadable}`,
      page.root === 'ListBucketResult' ? advice.server : advice.endpoint,
    );
  }
  if (page.root === '') refuse('an answer held no XML document', advice.endpoint);
  if (page.root !== 'ListBucketResult')
    refuse(`an answer began with <${rootOf(page)}>, not <ListBucketResult>`, advice.endpoint);
  if (!page.wellFormed) refuse('an answer broke off or is not well-formed XML', advice.endpoint);
  for (const name of page.forgiven ?? []) {
    leniency.forgive(name, `an answer is not written as S3 writes it (${name})`, advice.server);
  }
  const [odd] = page.odd ?? [];
  if (odd !== undefined && leniency.isStrict) refuse(`an answer could not be read: ${odd.reason}`, advice.server);
}

function rootOf({ root }: ListingPage): string {
  return signatureAt(root) === -1 ? root.slice(0, 100) : '…';
}

/**
 * The answer is about what was asked. Its keys say that by themselves; what it names can only contradict them: another
 * bucket, or a prefix that holds less than the one that was asked for.
 */
export function proveScope(page: ListingPage, expected: PageExpectation, leniency: Leniency): void {
  proveName(page.bucket, expected.bucket, leniency);
  provePrefix(page, expected.prefix, leniency);
  const asked = expected.previous?.continuation.version;
  if (asked !== undefined && asked !== page.version) {
    refuse(`a listing begun in version ${asked} was continued in version ${page.version}`, advice.server);
  }
}

function proveName(named: string | undefined, asked: string, leniency: Leniency): void {
  if (named === asked) return;
  if (named === undefined) {
    leniency.forgive('name', 'an answer names no bucket', advice.scope);
    return;
  }
  const seen = `an answer is about bucket ${quote(named)}, asked was ${quote(asked)}`;
  if (named === '' || isPathOf(named, asked) || isTenantOf(named, asked)) leniency.forgive('name', seen, advice.scope);
  else refuse(seen, leniency.isStrict && isAccessPointAlias(asked) ? advice.alias : advice.scope);
}

/** The bucket with the path that leads to it, or with what lies beneath. */
function isPathOf(named: string, asked: string): boolean {
  const parts = named.split('/').filter((part) => part !== '');
  return parts[0] === asked || parts.at(-1) === asked;
}

/** One says `tenant:bucket` where the other leaves the tenant out. Two tenants are two buckets. */
function isTenantOf(named: string, asked: string): boolean {
  return named.endsWith(`:${asked}`) || asked.endsWith(`:${named}`);
}

function provePrefix(page: ListingPage, asked: string, leniency: Leniency): void {
  // Servers may leave an empty element out; only an asked prefix that is not confirmed says something.
  if ((page.prefix ?? '') === asked) return;
  const readings = [...(page.prefix === undefined ? [] : [page.prefix]), ...(page.readings?.prefix ?? [])];
  const [named] = readings;
  const seen = `an answer names ${named === undefined ? 'no prefix' : `prefix ${quote(named)}`}, asked was ${quote(asked)}`;
  // A listing of a shorter prefix holds all that was asked for; keys beside it are judged one by one.
  if (named === undefined || readings.some((reading) => asked.startsWith(reading)))
    leniency.forgive('prefix_spelling', seen, advice.scope);
  else refuse(seen, advice.scope);
}
