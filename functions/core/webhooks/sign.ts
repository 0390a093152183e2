import { createHmac } from 'node:crypto';

/**
 * The headers by which a receiver knows that a body is ours. `X-Flexorch-Signature` covers the body alone;
 * `X-Stocktake-Signature` covers `timestamp.body`, so that an old request cannot be sent again by somebody who saw it.
 * Both are hexadecimal HMAC-SHA256 over UTF-8. `now` in epoch milliseconds; the timestamp is in whole seconds.
 */
export function signatureHeaders(secret: string, body: string, now: number): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  return {
    'x-flexorch-signature': hexHmac(secret, body),
    'x-stocktake-timestamp': timestamp,
    'x-stocktake-signature': hexHmac(secret, `${timestamp}.${body}`),
  };
}

function hexHmac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}
