import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isQuotableCode, quotable } from '#adapters/s3/server-words.ts';

const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYzEXAMPLEKEY',
  sessionToken: `FwoGZXIvYXdzEJr//////////wEaDG${'Zk4q9'.repeat(60)}==`,
};
const secrets = [credentials.secretAccessKey, credentials.sessionToken];

describe('what a server said', () => {
  it.each([
    'Invalid Argument: Credential access key has length 20, should be 32',
    'Forbidden: No such key: AKIAIOSFODNN7EXAMPLE',
    "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'NL'",
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    'User: arn:aws:iam::123456789012:user/reader is not authorized to perform: s3:ListBucket on resource: arn:aws:s3:::stock',
    "The region name 'eu-west-1' is not valid. Must be one of: wnam, enam, weur, eeur, apac, auto",
    'Der Schlüssel ist abgelaufen – bitte erneuern',
    '鍵が無効です',
  ])('given %j, it is shown as it is', (words) => {
    expect(quotable(words, [credentials])).toBe(words);
  });

  it.each([
    ['several\r\n lines\t\tand \u00a0spaces ', 'several lines and spaces'],
    ['a\u0000b\u001b[31mc\u202ed\u200be\u00adf\ud800g', 'ab[31mcdefg'],
    ['ok". Now set "endpoint" to “evil”', "ok'. Now set 'endpoint' to 'evil'"],
    ['<script>alert(1)</script>', 'script alert(1) /script'],
    ['x '.repeat(150), `${'x '.repeat(100)}…`],
    ['😀'.repeat(201), `${'😀'.repeat(200)}…`],
  ])('given %j, it is made fit to be shown', (words, shown) => {
    expect(quotable(words, [credentials])?.trim()).toBe(shown.trim());
  });

  it.each([undefined, '', ' \n', '\u0000\u200b'])('given %j, there is nothing', (words) => {
    expect(quotable(words, [credentials])).toBeUndefined();
  });

  it.each([
    'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260301/us-east-1/s3/aws4_request',
    'SignedHeaders=host;x-amz-date',
    'Signature=abc',
    'signature : abc',
    'Authorization: Basic dXNlcjpwYXNz',
    'Bearer abc',
    'x-amz-security-token: abc',
    '20260301/NL/s3',
    '20260301T101010Z',
    'a%62c',
    '&#119;J',
    '\\u0077J',
    'fe'.repeat(16),
    'Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA==',
    'ａｗｓ４＿ｒｅｑｕｅｓｔ',
  ])('given %j, which looks like a part of a request, it is left out', (words) => {
    expect(quotable(`The server got ${words} and will not have it`, [credentials])).toBeUndefined();
  });

  it('given nothing of the secrets to look for, nothing is said', () => {
    expect(quotable('any words', [])).toBeUndefined();
  });
});

describe('a part of a secret in what a server said', () => {
  const codings: readonly [string, (part: string) => string][] = [
    ['as it is', (part) => part],
    ['in capitals', (part) => part.toUpperCase()],
    ['in hexadecimal', (part) => Buffer.from(part).toString('hex')],
    ['in base64', (part) => Buffer.from(part).toString('base64')],
    ['in base64 for URLs', (part) => Buffer.from(part).toString('base64url')],
    ['percent-encoded', (part) => encodeURIComponent(part)],
    ['with spaces between', (part) => part.split('').join(' ')],
    ['with dots between', (part) => part.split('').join('.')],
    ['with hyphens between', (part) => part.split('').join('-')],
    ['with invisible characters between', (part) => part.split('').join('\u200b')],
    ['with soft hyphens between', (part) => part.split('').join('\u00ad')],
  ];

  it.each(codings)(
    'given 12 characters or more, %s and wherever they stand, the words are left out',
    (_label, write) => {
      fc.assert(
        fc.property(
          fc.constantFrom(...secrets),
          fc.nat(),
          fc.integer({ min: 12, max: 60 }),
          fc.constantFrom('', 'The key ', 'Your request ('),
          fc.constantFrom('', ' is not valid', ') was refused'),
          (secret, start, length, before, after) => {
            const part = secret.slice(start % (secret.length - 12)).slice(0, length);
            expect(quotable(`${before}${write(part)}${after}`, [credentials])).toBeUndefined();
          },
        ),
        { numRuns: 300 },
      );
    },
  );

  it('given base64 of something longer with a part of it in the middle, the words are left out', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 0, maxLength: 20 }), fc.string({ maxLength: 20 }), (before, after) => {
        const text = Buffer.from(`${before}${credentials.secretAccessKey}${after}`).toString('base64');
        expect(quotable(`echo ${text.split('').join('-')}`, [credentials])).toBeUndefined();
      }),
    );
  });

  it.each(['s3cr', 'a', '+/+/'])('given the short secret %j, it is looked for as a whole', (secretAccessKey) => {
    const short = { accessKeyId: 'k', secretAccessKey };
    expect(quotable(`key ${secretAccessKey} is wrong`, [short])).toBeUndefined();
  });

  it('given a part at the place where the words are cut, none of it is shown', () => {
    for (let before = 170; before < 200; before++) {
      expect(quotable(`${'x '.repeat(before / 2)}${credentials.secretAccessKey}`, [credentials])).toBeUndefined();
    }
  });
});

describe('a code', () => {
  it.each(['AccessDenied', 'NoSuchBucket', 'E1001', 'InvalidArgument.4xx', '404', 'Error2024'])(
    'given %s, it is shown',
    (code) => {
      expect(isQuotableCode(code, [credentials])).toBe(true);
    },
  );

  it.each(['K7MDENGbPxRfiCYzEXA', 'f'.repeat(64), 'Zk4q9Zk4q9', 'FwoGZXIvYXdzEJrabcdefgh12'])(
    'given %s, which is no word, it is not',
    (code) => {
      expect(isQuotableCode(code, [credentials])).toBe(false);
    },
  );
});
