import { Failure } from '#core/model/errors.ts';
import type { HeadResult } from '#core/model/ports/bucket.ts';
import { type KeySpelling, mostTelling, readerOf, spellingShownBy, spellingsBetween } from './key-spelling.ts';
import type { Listing } from './listing-document.ts';

/** What a server is asked to find out how it writes keys. A listing is absent where the question was refused. */
export type SpellingQuestions = {
  /** The same page once more. */
  readonly again: () => Promise<Listing | undefined>;
  /** The same page without encoding. */
  readonly unencoded: () => Promise<Listing | undefined>;
  readonly head: (key: string) => Promise<HeadResult>;
  /** The first keys that begin with a text, without encoding. */
  readonly beginningWith: (prefix: string) => Promise<Listing | undefined>;
};

/**
 * Finds out how the keys of a page are written: by the same page without encoding, and where that says the same texts, by
 * asking for an object by name. Objects may come and go between two answers: where they do not fit together, both are
 * asked for once more.
 *
 * @returns undefined where it cannot be told.
 */
export async function settleSpelling(page: Listing, questions: SpellingQuestions): Promise<KeySpelling | undefined> {
  if (await isFormForCertain(page, questions)) return 'form';
  let encoded: Listing | undefined = page;
  for (let round = 0; round < 2 && encoded !== undefined; round += 1) {
    const unencoded = await questions.unencoded();
    if (unencoded === undefined) return undefined;
    const spellings = spellingsBetween(encoded.texts, unencoded.texts);
    if (spellings.length > 0) return await chosen(encoded.texts, spellings, questions);
    encoded = await questions.again();
  }
  return undefined;
}

/** A `+` where nothing else is encoded is a space if the server knows such an object, and none with a `+`: two HEADs and no
 *  listing, for that is how keys with spaces look on servers without fault. */
async function isFormForCertain({ texts, saysEncoded }: Listing, questions: SpellingQuestions): Promise<boolean> {
  if (!saysEncoded || texts.some((text) => text.includes('%')) || hasRawText(texts)) return false;
  const text = mostTelling(texts, ['plain', 'form']);
  if (text === undefined) return false;
  if ((await isThere(text, questions)) !== false) return false;
  return (await isThere(readerOf('form')(text) ?? text, questions)) === true;
}

/** Shown by the texts as soon as one `+` is left out of account. */
function hasRawText(texts: readonly string[]): boolean {
  return (
    spellingShownBy(
      texts.map((text) => text.replaceAll('+', '')),
      true,
    ) === undefined
  );
}

async function chosen(
  texts: readonly string[],
  spellings: readonly KeySpelling[],
  questions: SpellingQuestions,
): Promise<KeySpelling | undefined> {
  const text = mostTelling(texts, spellings);
  if (text === undefined) return spellings[0];
  for (const spelling of spellings) {
    const key = readerOf(spelling)(text);
    if (key !== undefined && (await exists(key, questions))) return spelling;
  }
  return undefined;
}

async function exists(key: string, questions: SpellingQuestions): Promise<boolean> {
  const known = await isThere(key, questions);
  return known ?? ((await questions.beginningWith(key))?.texts.length ?? 0) > 0;
}

/** Undefined where a HEAD does not tell: it is forbidden, or the server has none. */
async function isThere(key: string, { head }: SpellingQuestions): Promise<boolean | undefined> {
  try {
    const { status } = await head(key);
    return status === 'found' || (status === 'missing' ? false : undefined);
  } catch (error) {
    if (error instanceof Failure && (error.code === 'source_error' || error.code === 'not_an_s3_answer'))
      return undefined;
    throw error;
  }
}
