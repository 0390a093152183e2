/**
 * Undoes what S3 does to a key under `encoding-type=url`: `+` is a space, `%XX` are UTF-8 bytes.
 *
 * @returns the text, or undefined if an escape is broken or its bytes are not UTF-8.
 */
export function urlDecode(encoded: string): string | undefined {
  return percentDecode(encoded.includes('+') ? encoded.replaceAll('+', ' ') : encoded);
}

/** The same where `+` means itself. */
export function percentDecode(encoded: string): string | undefined {
  if (!encoded.includes('%')) return encoded;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
