import { S3Error } from './s3-error.ts';

const hex = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;

/** URI encoding as SigV4 wants it: all but `A-Za-z0-9-._~`, and `/` kept on request. */
export function encodeForSigning(text: string, keep: 'slashes' | 'nothing'): string {
  const encoded = encodeURIComponent(text).replace(/[!'()*]/g, hex);
  return keep === 'slashes' ? encoded.replaceAll('%2F', '/') : encoded;
}

/**
 * Encoding of listings under encoding-type=url: that of a form (space is `+`), with `/` kept. `~` is encoded and `*`
 * is not, as Java's URLEncoder does, which AWS answers look like (test/vectors/keys.json for measured pairs).
 */
export function encodeForListing(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()~]/g, hex)
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/');
}

/** Undoes percent encoding; throws InvalidURI for a broken escape or bytes that are not UTF-8. */
export function decodeUri(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidURI', "Couldn't parse the specified URI.");
  }
}
