import { Failure } from '../model/errors.ts';
import { signatureAt } from '../model/signature-marks.ts';

/** What a user can do about each kind of wrong answer. */
export const advice = {
  endpoint: 'Check that the endpoint is an S3 server and not a web page or a proxy.',
  server: 'Nothing was deleted. Report it to whoever runs the S3 server; another list_version may help.',
  scope: 'Check the endpoint, the bucket and path_style; a proxy may be answering for another bucket.',
  alias: 'The alias of an access point was given as the bucket; name the bucket behind it.',
} as const;

/** The keys of a listing are not in the order of S3. The same listing may be complete in an order of its own. */
export class ListingUnordered extends Failure {
  constructor(seen: string) {
    super('listing_not_proved', told(seen, advice.server));
    this.name = 'ListingUnordered';
  }
}

/** A listing that was asked to begin after a key began before it. */
export class StartAfterIgnored extends ListingUnordered {
  constructor(seen: string) {
    super(seen);
    this.name = 'StartAfterIgnored';
  }
}

/** A listing that was asked to begin after a key was refused, as it may not be where it begins at the beginning. Code
 *  and message are those of the refusal. */
export class StartAfterRefused extends Failure {
  constructor(refusal: Failure) {
    super(refusal.code, refusal.message, { cause: refusal });
    this.name = 'StartAfterRefused';
  }
}

/** @throws Failure `listing_not_proved` that says what was seen and what to do about it. */
export function refuse(seen: string, what: string): never {
  throw new Failure('listing_not_proved', told(seen, what));
}

function told(seen: string, what: string): string {
  return `The listing cannot be relied on: ${seen}. ${what}`;
}

/**
 * Shortened: a key is at most 1,024 bytes, but a bucket or prefix that a server made up may be of any size. What looks like
 * a signature is not shown: it may be of a request that others sent.
 */
export function quote(text: string): string {
  if (signatureAt(text) !== -1) return '(a text that looks like the signature of a request)';
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
