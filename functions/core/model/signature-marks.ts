/**
 * What only signed requests have in them, as headers and links write it, and the name of the algorithm in base64 (which
 * depends on what stood before: three ways) and in hexadecimal.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */
const marks =
  /aws4[-_](?:hmac|request)|x-amz-(?:signature|security-token|credential)|(?:signature|signedheaders)\s?(?:=|%3d)|authorization\s?[:=]|QVdTNC1ITUFD|FXUzQtSE1BQ|BV1M0LUhNQU|415753342d484d41/i;

/** Where in a text something begins that looks like the signature of a request, or like what carries one; -1 if nowhere. */
export function signatureAt(text: string): number {
  return text.search(marks);
}
