import { describe, expect, it } from 'vitest';
import { createLineLog } from '#adapters/process/console-log.ts';
import { Failure } from '#core/model/errors.ts';
import { signatureAt } from '#core/model/signature-marks.ts';
import { provePage } from '#core/source/page-proof.ts';

const signed: readonly string[] = [
  'AWS4-HMAC-SHA256 Credential=AKIA/20260301/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=5f7e',
  'aws4_request',
  'https://host/key?X-Amz-Algorithm=a&X-Amz-Signature=5f7e',
  'X-Amz-Security-Token: FwoG',
  'Authorization: Bearer 123',
  'signature=5f7e',
  'SignedHeaders%3Dhost',
  ...['', 'x', 'xy'].map((before) => Buffer.from(`${before}AWS4-HMAC-SHA256 Credential`).toString('base64')),
  Buffer.from('AWS4-HMAC-SHA256').toString('hex'),
];

const harmless: readonly string[] = [
  'reports/signature-of-the-mayor.pdf',
  'authorizations/2026.csv',
  'aws/hmac.txt',
  'ListAllMyBucketsResult',
];

describe('what looks like the signature of a request', () => {
  it.each(signed)('given %j, it is known by where it begins', (text) => {
    expect(signatureAt(text)).toBeGreaterThanOrEqual(0);
    expect(signatureAt(`key ${text}`)).toBeGreaterThanOrEqual(4);
  });

  it.each(harmless)('given %j, there is none', (text) => {
    expect(signatureAt(text)).toBe(-1);
  });

  it.each(signed)('given %j in a page, no refusal of the page repeats it', (text) => {
    const asked = { bucket: 'stock', prefix: 'p/', maxKeys: 10 };
    const page = { version: 2, root: 'ListBucketResult', wellFormed: true, bucket: 'stock', prefix: 'p/' } as const;
    const facts = { size: 1, etag: 'e', lastModified: '2026-01-02T03:04:05.000Z', storageClass: 'STANDARD' };
    const wrong = [
      { root: text },
      { bucket: text },
      { prefix: text },
      { objects: [{ key: text, ...facts }] },
      { objects: ['p/b', 'p/a'].map((key) => ({ key: `${key}${text}`, ...facts })) },
    ];
    for (const change of wrong) {
      const refusal = refusalOf(() => provePage({ ...page, truncated: false, objects: [], ...change }, asked));
      expect([refusal.includes('cannot be relied on'), signatureAt(refusal)]).toEqual([true, -1]);
    }
  });

  it.each(['text', 'json'] as const)('given a log as %s, a value ends where one begins', (format) => {
    const lines: string[] = [];
    const log = createLineLog({ format, clock: { now: () => 0 }, write: (line) => void lines.push(line) });
    for (const text of signed) {
      log.warn('fact', { reason: `it said ${text}`, nested: { list: [text] }, error: new Error(text) });
    }
    expect(lines.map((line) => [signatureAt(line), line.includes('[redacted]')])).toEqual(signed.map(() => [-1, true]));
    log.info('fact', { key: harmless[0] });
    expect(lines.at(-1)).toContain(harmless[0]);
  });
});

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
  return 'nothing was refused';
}
