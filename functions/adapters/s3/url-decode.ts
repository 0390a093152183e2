/**
 * Undoes what S3 does to a key under `encoding-type=url`: `+` is a space, `%XX` are UTF-8 bytes.
 *
 * @returns the text, or undefined if an escape is broken or its bytes are not UTF-8.
 */
export function urlDecode(encoded: string): string | undefined {
  const spaced = encoded.includes('+') ? encoded.replaceAll('+', ' ') : encoded;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
}
