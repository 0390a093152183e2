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

/** What URL encoding leaves as it is, at most. */
const encodedText = /^[\x21-\x7e]*$/;

/**
 * The spelling that the texts of one page show by themselves; undefined where it takes another question to know.
 *
 * A text without `%` and `+` means one thing. A broken escape shows that nothing is encoded, for whoever encodes, encodes
 * `%`. An answer that says `url` is doubted where it holds what no encoding leaves, a `+` beside a `%20` (both cannot be
 * the space), or a `+` and no escape at all: it may only repeat what it was asked.
 */
export function spellingShownBy(texts: readonly string[], saysEncoded: boolean): KeySpelling | undefined {
  const telling = texts.filter((text) => text.includes('%') || text.includes('+'));
  if (telling.length === 0) return saysEncoded ? 'form' : 'plain';
  const broken = telling.some((text) => percentDecode(text) === undefined && /%(?![0-9A-Fa-f]{2})/.test(text));
  if (!saysEncoded) return broken ? 'plain' : undefined;
  if (broken || texts.some((text) => !encodedText.test(text))) return undefined;
  if (!telling.some((text) => text.includes('+'))) return 'form';
  const escapes = telling.filter((text) => text.includes('%'));
  return escapes.length === 0 || escapes.some((text) => text.includes('%20')) ? undefined : 'form';
}

/**
 * The spellings in which these texts are the keys that the same page has without encoding.
 *
 * @param plain the texts of that page. Where they are the same ones, it is not known whether that server ever encodes or
 *   always does, and all spellings come into question that the texts can be read in. What could not be written without
 *   encoding (U+FFFD, or nothing) says nothing.
 */
export function spellingsBetween(texts: readonly string[], plain: readonly string[]): readonly KeySpelling[] {
  if (texts.length !== plain.length) return [];
  if (texts.every((text, index) => text === plain[index])) {
    return keySpellings.filter((spelling) => texts.every((text) => readers[spelling](text) !== undefined));
  }
  const isUnwritten = (text: string | undefined) => !text || text.includes('\ufffd');
  return keySpellings.filter((spelling) =>
    texts.every((text, index) => isUnwritten(plain[index]) || readers[spelling](text) === plain[index]),
  );
}

/** The text by which spellings are told apart best: the more is encoded in it, the less it is a key as it stands. */
export function mostTelling(texts: readonly string[], spellings: readonly KeySpelling[]): string | undefined {
  let best: string | undefined;
  let most = 0;
  for (const text of texts) {
    const readings = new Set(spellings.map((spelling) => readers[spelling](text)));
    const weight = readings.size * 1024 + text.split('%').length;
    if (readings.size > 1 && weight > most) {
      best = text;
      most = weight;
    }
  }
  return best;
}
