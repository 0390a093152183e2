import { percentDecode, urlDecode } from './url-decode.ts';

/** How a listing writes keys: as they are, URL-encoded as S3 does it (`+` is a space), or encoded with `+` as itself. */
export type KeySpelling = 'plain' | 'form' | 'percent';

export const keySpellings: readonly KeySpelling[] = ['plain', 'form', 'percent'];

const readers: Readonly<Record<KeySpelling, (text: string) => string | undefined>> = {
  plain: (text) => text,
  form: urlDecode,
  percent: percentDecode,
};

/** Reads a text in a spelling; undefined if it is not written in it. */
export function readerOf(spelling: KeySpelling): (text: string) => string | undefined {
  return readers[spelling];
}

/** All that a text may mean, in the order of `keySpellings`, each once. */
export function readingsOf(text: string): readonly string[] {
  const readings = keySpellings.map((spelling) => readers[spelling](text));
  return [...new Set(readings.filter((reading) => reading !== undefined))];
}

/** What no URL encoding leaves. */
const unencoded = /[^\x21-\x7e]|%(?![0-9A-Fa-f]{2})/;

/**
 * The spelling that the texts of one page show by themselves; undefined where it takes another question to know.
 *
 * A text without `%` and `+` means one thing. An answer that says `url` is doubted where it holds what no encoding leaves,
 * and where a `+` may be one that was left as it is: it may only repeat what it was asked.
 */
export function spellingShownBy(texts: readonly string[], saysEncoded: boolean): KeySpelling | undefined {
  const hasPlus = texts.some((text) => text.includes('+'));
  const isTelling = hasPlus || texts.some((text) => text.includes('%'));
  if (!isTelling) return saysEncoded ? 'form' : 'plain';
  if (!saysEncoded || texts.some((text) => unencoded.test(text))) return undefined;
  return !hasPlus || texts.some((text) => /%2B/i.test(text)) ? 'form' : undefined;
}

/** True where it makes no difference which of the spellings it is. */
export function agree(texts: readonly string[], spellings: readonly KeySpelling[]): boolean {
  return tellingTexts(texts, spellings).length === 0;
}

/** The texts that tell the spellings apart, best first: the more is encoded in one, the less it is a key as it stands. */
export function tellingTexts(texts: readonly string[], spellings: readonly KeySpelling[]): readonly string[] {
  if (spellings.length < 2) return [];
  const weightOf = (text: string) => {
    const readings = new Set(spellings.map((spelling) => readers[spelling](text))).size;
    return readings < 2 ? 0 : readings * 10_000 + text.split('%').length;
  };
  const weighed = texts.map((text) => ({ text, weight: weightOf(text) })).filter(({ weight }) => weight > 0);
  return weighed.sort((one, other) => other.weight - one.weight).map(({ text }) => text);
}

/** Those of the spellings in which these are different keys, as the keys of one page are. */
export function withoutTwins(texts: readonly string[], spellings: readonly KeySpelling[]): readonly KeySpelling[] {
  const written = [...new Set(texts)];
  const apart = spellings.filter((spelling) => {
    const keys = written.map(readers[spelling]).filter((key) => key !== undefined);
    return new Set(keys).size === keys.length;
  });
  return apart.length > 0 ? apart : spellings;
}

/**
 * Those of the spellings in which these texts are the keys that the same page has without encoding: `plain`, the texts of
 * that page. Where they are the same ones, that server may never encode or always do, and all remain. A text that cannot be
 * read says nothing, and so does what could not be written without encoding (U+FFFD, or nothing).
 */
export function spellingsBetween(
  texts: readonly string[],
  plain: readonly string[],
  spellings: readonly KeySpelling[],
): readonly KeySpelling[] {
  if (texts.length !== plain.length) return [];
  if (texts.every((text, index) => text === plain[index])) return spellings;
  return spellings.filter((spelling) =>
    texts.every((text, index) => {
      const [key, written = ''] = [readers[spelling](text), plain[index]];
      return key === undefined || key === written || written === '' || written.includes('\ufffd');
    }),
  );
}

/**
 * A spelling in which no text is read wrongly, where the right one is not known: the texts that tell the spellings apart
 * cannot be read in it.
 */
export function carefulSpelling(texts: readonly string[], spellings: readonly KeySpelling[]): KeySpelling | undefined {
  return spellings.find((spelling) => {
    const readable = texts.filter((text) => readers[spelling](text) !== undefined);
    return agree(readable, spellings);
  });
}
