import { Failure } from '#core/model/errors.ts';
import type { BucketCredentials } from '#core/model/ports/bucket.ts';
import type { AccessKeys } from '#core/model/ports/roles.ts';
import { isDisguised, unescaped } from './secret-forms.ts';
import { SecretSearch } from './secret-search.ts';
import { isQuotableCode, quotable } from './server-words.ts';

/** A role's keys change while requests that were signed with the ones before are under way. */
const KEPT_KEYS = 2;

/** That of the request which is being answered, and some before. */
const KEPT_SIGNATURES = 4;

/** The shortest text that stands in a key of an object by no accident; a shorter secret may be a word, as many set up
 *  for a server of their own are. */
const TELLING_LENGTH = 16;
const TELLING_WITHOUT_DIGITS = 32;

const inAuthorization = /Signature=([0-9a-f]{64})/;

/**
 * What a server was told, or could know, that nobody else may: the secret key, the session token, the signatures of our
 * requests. A session of a bucket has one, and whatever the server writes goes through it before it is shown or stored. A
 * role's keys are noted as they are taken.
 */
export class OwnSecrets {
  #keys: readonly AccessKeys[];
  readonly #signatures: string[] = [];
  #search: SecretSearch | undefined;

  constructor(credentials: BucketCredentials) {
    this.#keys = 'take' in credentials ? [] : [credentials];
  }

  /** Notes the keys that the next requests are signed with. */
  noteKeys(keys: AccessKeys): void {
    if (this.#keys.at(-1)?.sessionToken === keys.sessionToken) return;
    this.#keys = [...this.#keys, keys].slice(-KEPT_KEYS);
    this.#search = undefined;
  }

  /** Notes the signature in the Authorization header of a request, before its answer is looked through. */
  noteSigned(authorization: string | undefined): void {
    const signature = inAuthorization.exec(authorization ?? '')?.[1];
    if (signature === undefined || this.#signatures.includes(signature)) return;
    this.#signatures.push(signature);
    this.#search?.addWhole(signature);
    const oldest = this.#signatures.length > KEPT_SIGNATURES ? this.#signatures.shift() : undefined;
    if (oldest !== undefined) this.#search?.drop(oldest);
  }

  /** What a server said, fit to be shown; undefined where nothing of it is. See `quotable`. */
  quotable(words: string | undefined): string | undefined {
    return quotable(words, this.#keys);
  }

  /** True of an error code or a region that may be shown. */
  isQuotableCode(code: string): boolean {
    return isQuotableCode(code, this.#keys);
  }

  /** A region that a server named, which becomes a part of our links; undefined for one that is a secret. */
  regionOf(named: string | undefined): string | undefined {
    return named === undefined || this.areIn([named]) ? undefined : named;
  }

  /** True if one of these texts of a server's, which would be stored or shown as they are, has a secret in it. */
  areIn(texts: readonly string[]): boolean {
    const text = texts.join('\n');
    this.#search ??= this.#newSearch();
    return this.#search.isIn(text) || (isDisguised(text) && this.#search.isIn(unescaped(text)));
  }

  /** The same of a body as it came; what is escaped in it is to be read first where it is `isDisguised`. */
  areInBytes(body: Uint8Array): boolean {
    this.#search ??= this.#newSearch();
    return this.#search.isInBytes(body);
  }

  #newSearch(): SecretSearch {
    const search = new SecretSearch(this.#keys.flatMap(tellingSecrets));
    for (const signature of this.#signatures) search.addWhole(signature);
    return search;
  }
}

/** Those that can be told from a word. */
function tellingSecrets({ accessKeyId, secretAccessKey, sessionToken = '' }: AccessKeys): string[] {
  return [secretAccessKey, sessionToken].filter((secret) => {
    if (secret === accessKeyId || secret.length < TELLING_LENGTH) return false;
    return secret.length >= TELLING_WITHOUT_DIGITS || (/\d/.test(secret) && /[a-z]/i.test(secret));
  });
}

const whatToDo =
  'Nothing of that answer was kept, and no record is deleted for it. Whoever may read there can read it too: find out what ' +
  'repeats it (a setting of the server or of a proxy before it), then set new credentials.';

/** The Failure for a page of a listing that has a secret of ours in it. */
export function echoedInListing(): Failure {
  return new Failure(
    'listing_not_proved',
    'The listing cannot be relied on: the server repeats, in a key or beside one, the secret access key, the session ' +
      `token or the signature that it was asked with. ${whatToDo}`,
  );
}

/** The Failure for another answer that has. */
export function echoed(): Failure {
  return new Failure(
    'source_error',
    'The server repeats, in what it tells of an object, the secret access key, the session token or the signature that ' +
      `it was asked with. ${whatToDo}`,
  );
}
