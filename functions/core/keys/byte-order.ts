const FIRST_SURROGATE = 0xd800;
const FIRST_AFTER_SURROGATES = 0xe000;

/**
 * Compares two keys as S3 and DynamoDB do: by their UTF-8 bytes. Negative, zero or positive, as `Array.sort` wants it.
 * Both must be well formed (no lone surrogates): the bytes of others are not defined.
 *
 * UTF-8 keeps the order of code points, UTF-16 almost does: only surrogates, which stand for code points above U+FFFF,
 * have smaller units than U+E000–U+FFFF. Moving those two blocks past each other at the first difference is enough,
 * and allocates nothing.
 */
export function compareKeys(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return inCodePointOrder(left) - inCodePointOrder(right);
  }
  return a.length - b.length;
}

function inCodePointOrder(unit: number): number {
  if (unit < FIRST_SURROGATE) return unit;
  return unit < FIRST_AFTER_SURROGATES ? unit + 0x2000 : unit - 0x800;
}

/** How many bytes the text takes in UTF-8; a lone surrogate counts as the replacement character, 3 bytes. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
