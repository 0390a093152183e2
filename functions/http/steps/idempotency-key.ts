import { Failure } from '#core/model/errors.ts';

/** What the caller sent as Idempotency-Key, if anything. Throws Failure `invalid_request` for what cannot be one. */
export function readIdempotencyKey(header: (name: string) => string | undefined): string | undefined {
  const key = header('idempotency-key');
  if (key === undefined || /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  const reason = 'must be 1–255 printable ASCII characters without spaces';
  throw new Failure('invalid_request', `the Idempotency-Key ${reason}`, {
    details: [{ path: 'Idempotency-Key', reason }],
  });
}
