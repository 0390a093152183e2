import type { AccessKeys } from '#core/model/ports/roles.ts';
import { signatureAt } from '#core/model/signature-marks.ts';

/** So much of what a server said is shown. */
const SHOWN_CHARACTERS = 200;

/** And so much of it is looked at: what lies further back cannot be a part of anything that is shown. */
const READ_CHARACTERS = 2_000;

/** A text that shares so many characters in a row with a secret holds a part of it; a shorter secret counts as a whole. */
const PART = 8;

/** From here on a run of letters of both cases with digits is no word: 18 bytes make as many characters of base64. */
const TOKEN_LENGTH = 24;

const invisible = /[\p{C}\p{Default_Ignorable_Code_Point}]+/gu;

/** What stands in or around a signature, and ways to write characters that could stand for any others. */
const signed =
  /aws4_request|(?:signature|credential|signedheaders|authorization|x-amz-[a-z0-9-]{1,40})\s?[=:]|bearer\s|\d{8}(?:\/|t\d{6}z)|%[0-9a-f]{2}|&#|\\u00|\\x|[0-9a-f]{32}/i;

/**
 * What a server said about a refusal, made fit to be shown: in one line, at most 200 characters, without quotation marks
 * and what a page could take for markup. Undefined when there is nothing, and when any of it may be of the request: a
 * part of the secret access key or the session token as it is, in base64, in hexadecimal or percent-encoded, or what
 * looks like a signature, the scope of one, or a token. Nothing is said where there are no keys to look for, as before
 * those of a role are known.
 */
export function quotable(words: string | undefined, keys: readonly AccessKeys[]): string | undefined {
  if (words === undefined || keys.length === 0) return undefined;
  const line = words.slice(0, READ_CHARACTERS).replace(/\s+/gu, ' ').replace(invisible, '').trim();
  if (line === '' || mayHoldSecrets(line, keys)) return undefined;
  const shown = [...line.replace(/["“”„«»]/gu, "'").replace(/[<>]/g, ' ')];
  return shown.length > SHOWN_CHARACTERS ? `${shown.slice(0, SHOWN_CHARACTERS).join('')}…` : shown.join('');
}

/** True of an error code that may be shown. Codes are words: what a server makes of a request has other characters. */
export function isQuotableCode(code: string, keys: readonly AccessKeys[]): boolean {
  return !mayHoldSecrets(code, keys);
}

function mayHoldSecrets(text: string, keys: readonly AccessKeys[]): boolean {
  return looksSecret(text, keys) || keys.some((one) => holdsPart(text, one));
}

function looksSecret(text: string, keys: readonly AccessKeys[]): boolean {
  // The key id is shown with the settings; on some servers it looks like a token.
  const ids = keys.map(({ accessKeyId }) => accessKeyId).filter(({ length }) => length >= PART);
  const plain = ids.reduce((rest, id) => rest.replaceAll(id, ' '), text).normalize('NFKC');
  return signatureAt(plain) !== -1 || signed.test(plain) || plain.split(/[^\w+/=-]+/).some(looksLikeToken);
}

function holdsPart(text: string, { secretAccessKey, sessionToken = '' }: AccessKeys): boolean {
  return [secretAccessKey, sessionToken].some((secret) => secret !== '' && sharesPart(text.normalize('NFKC'), secret));
}

function looksLikeToken(run: string): boolean {
  return run.length >= TOKEN_LENGTH && /\d/.test(run) && /[a-z]/.test(run) && /[A-Z]/.test(run);
}

/** Without regard to case and to what stands between the characters, so that spaces put in do not help. */
function sharesPart(text: string, secret: string): boolean {
  return formsOf(secret).some((form) => squeezes.some((squeeze) => sharesRun(squeeze(text), squeeze(form))));
}

/** What is left of a text to look for secrets in: letters and digits, and with them the other two characters of base64
 *  in the one spelling or in both. */
const squeezes: readonly ((text: string) => string)[] = [
  (text) => text.toLowerCase().replace(/[^a-z0-9]/g, ''),
  (text) => text.toLowerCase().replace(/[^a-z0-9+/]/g, ''),
  (text) =>
    text
      .toLowerCase()
      .replace(/-/g, '+')
      .replace(/_/g, '/')
      .replace(/[^a-z0-9+/]/g, ''),
];

function sharesRun(text: string, form: string): boolean {
  const size = Math.min(PART, form.length);
  for (let from = 0; size > 0 && from + size <= form.length; from++) {
    if (text.includes(form.slice(from, from + size))) return true;
  }
  return false;
}

/** As it is, and in the encodings that servers print requests in. Base64 depends on what stood before: three ways. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replaceAll('=', '');
    // The first characters hold bits of what stood before, the last one perhaps of what follows.
    return encoded.slice(Math.ceil((before * 8) / 6), -1);
  });
  return [secret, encodeURIComponent(secret), bytes.toString('hex'), ...base64];
}
