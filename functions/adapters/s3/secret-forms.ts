/** One way to write a secret, in small letters. A text holds it if it has `run` letters and digits of it in a row. */
export type SecretForm = { readonly text: string; readonly run: number };

/**
 * A part of a secret counts from its half on, between these; a shorter secret counts as a whole. All session tokens of one
 * region begin with the same 44 letters, and keys of honest buckets may hold old ones: https copies of links do.
 */
const SHORTEST_RUN = 24;
const LONGEST_RUN = 48;

/**
 * A secret as it is, in hexadecimal, and in base64, which depends on what stood before: three ways.
 *
 * @param whole counts only as a whole.
 */
export function formsOf(secret: string, whole = false): SecretForm[] {
  const bytes = Buffer.from(`\0\0${secret}`);
  const base64 = [2, 1, 0].map((skipped) => {
    const before = 2 - skipped;
    const encoded = bytes.subarray(skipped).toString('base64').replaceAll('=', '');
    // The first characters hold bits of what stood before, the last one perhaps of what follows.
    return encoded.slice(Math.ceil((before * 8) / 6), -1);
  });
  return [secret, bytes.subarray(2).toString('hex'), ...base64].map((written) => {
    const text = written.toLowerCase();
    const { length } = bare(text);
    const half = Math.min(LONGEST_RUN, Math.max(SHORTEST_RUN, Math.ceil(length / 2)));
    return { text, run: whole ? length : Math.min(length, half) };
  });
}

/** True if enough of the secret is in the bare text: other escapes, the other alphabet of base64, or nothing may have stood
 *  between, where a name may have letters and digits alone. */
export function holdsForm(plain: string, { text: form, run }: SecretForm): boolean {
  const secret = bare(form);
  for (let from = 0; from + run <= secret.length; from++) {
    if (plain.includes(secret.slice(from, from + run))) return true;
  }
  return false;
}

/** Of a text in small letters the letters and digits. */
export function bare(text: string): string {
  return text.replace(/[^a-z0-9]/g, '');
}

/** Letters and digits that are percent-encoded, once or more, which nobody needs to do. */
const needless = /%(?:25)*(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])/;
const needlessHere = /%(?:25)*(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])/y;

/** Up to so many percent signs it is quicker to look at each than to search the text. */
const FEW_SIGNS = 2_000;

/** True of a text in which letters or digits are escaped: a secret may stand in it that only `unescaped` shows. */
export function isDisguised(text: string): boolean {
  if (text.includes('&#') || (text.includes('\\') && /\\[ux]/.test(text))) return true;
  let at = text.indexOf('%');
  for (let count = 0; at !== -1; count++) {
    if (count === FEW_SIGNS) return needless.test(text.slice(at));
    needlessHere.lastIndex = at;
    if (needlessHere.test(text)) return true;
    at = text.indexOf('%', at + 1);
  }
  return false;
}

const escapes =
  /%([0-9a-f]{2})|&#x([0-9a-f]{1,6});|\\u00([0-9a-f]{2})|\\x([0-9a-f]{2})|&#(\d{1,7});|&(amp|lt|gt|quot|apos);|\\(\/)/gi;

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Without the escapes of URLs, XML and JSON for characters below U+0100, three times over. */
export function unescaped(text: string): string {
  let plain = text;
  for (let round = 0; round < 3 && /[%&\\]/.test(plain); round++) plain = plain.replace(escapes, meaningOf);
  return plain;
}

function meaningOf(whole: string, ...found: readonly (string | undefined)[]): string {
  const [percent, xml, json, hex, decimal, entity, slash] = found;
  if (entity !== undefined) return entities[entity.toLowerCase()] ?? whole;
  if (slash !== undefined) return slash;
  const digits = percent ?? xml ?? json ?? hex;
  const code = digits === undefined ? Number(decimal) : Number.parseInt(digits, 16);
  return code < 0x100 ? String.fromCharCode(code) : whole;
}
