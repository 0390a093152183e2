import { Failure } from '#core/model/errors.ts';
import type { HeadResult } from '#core/model/ports/bucket.ts';
import { agree, type KeySpelling, readerOf, spellingsBetween, tellingTexts, withoutTwins } from './key-spelling.ts';
import type { Listing } from './listing-document.ts';

/** What a server is asked to find out how it writes keys. A listing is absent where the question was refused. */
export type SpellingQuestions = {
  /** The same page once more. */
  readonly again: () => Promise<Listing | undefined>;
  /** The same page without encoding. */
  readonly unencoded: () => Promise<Listing | undefined>;
  readonly head: (key: string) => Promise<HeadResult>;
  /** The keys that begin with a text, asked for and written as those of the page are. */
  readonly beginningWith: (prefix: string) => Promise<Listing | undefined>;
};

type Spellings = readonly KeySpelling[];

/** Whether a text is how this key is written; undefined where that cannot be told. */
type Names = (key: string, text: string) => Promise<boolean | undefined>;

/** So many keys are asked for by name until one tells the spellings apart. */
const MOST_NAMES = 5;

/**
 * Finds out how the keys of a page are written: by the same page without encoding, and where that says the same texts, by
 * asking for objects by name, first by HEAD and then by listings of one key each. Of an answer that says how they are
 * written, HEAD comes first: that costs no listing. Objects may come and go between two answers: where two do not fit
 * together, both are asked for once more.
 *
 * @returns those of `spellings` that it may still be; none where nothing fits together.
 */
export async function settleSpelling(
  page: Listing,
  spellings: Spellings,
  questions: SpellingQuestions,
): Promise<Spellings> {
  const first = withoutTwins(page.texts, spellings);
  const named = page.saysEncoded ? await byName(page.texts, first, headed(questions)) : first;
  if (agree(page.texts, named)) return named;
  let encoded: Listing | undefined = page;
  for (let round = 0; round < 2 && encoded !== undefined; round += 1) {
    const unencoded = await questions.unencoded();
    const { texts } = encoded;
    if (unencoded === undefined) return await byNames(encoded, named, questions);
    const left = spellingsBetween(texts, unencoded.texts, withoutTwins(texts, named));
    if (left.length > 0) return await byNames(encoded, left, questions);
    encoded = await questions.again();
  }
  return [];
}

async function byNames({ texts }: Listing, spellings: Spellings, questions: SpellingQuestions): Promise<Spellings> {
  const left = await byName(texts, spellings, headed(questions));
  return agree(texts, left) ? left : await byName(texts, left, listed(questions));
}

/** One of the meanings of a text is its key: where one alone answers to it, it is that one. */
async function byName(texts: readonly string[], spellings: Spellings, names: Names): Promise<Spellings> {
  let left = spellings;
  for (const text of tellingTexts(texts, spellings).slice(0, MOST_NAMES)) {
    const found: Spellings[] = [];
    for (const [key, alike] of Map.groupBy(left, (spelling) => readerOf(spelling)(text))) {
      const isIt = key === undefined ? false : await names(key, text);
      if (isIt === undefined) return left;
      if (isIt) found.push(alike);
    }
    const [only] = found;
    if (only !== undefined && found.length === 1) left = only;
    if (agree(texts, left)) break;
  }
  return left;
}

/** By a HEAD, where one is allowed and the server has it. Another object may have the other name. */
function headed({ head }: SpellingQuestions): Names {
  return async (key) => {
    try {
      const { status } = await head(key);
      return status === 'found' || (status === 'missing' ? false : undefined);
    } catch (error) {
      const isRefusal =
        error instanceof Failure && (error.code === 'source_error' || error.code === 'not_an_s3_answer');
      if (isRefusal) return undefined;
      throw error;
    }
  };
}

/** By a listing of what begins with the key, which has the very text if it is the key that the text stands for. */
function listed({ beginningWith }: SpellingQuestions): Names {
  return async (key, text) => (await beginningWith(key))?.texts.includes(text);
}
