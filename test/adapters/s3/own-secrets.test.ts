import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OwnSecrets } from '#adapters/s3/own-secrets.ts';
import { SecretSearch } from '#adapters/s3/secret-search.ts';

const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const secretKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYzEXAMPLEKEY';
const token = `FwoGZXIvYXdzEJr//////////wEaDG${'Zk4q9+bR/'.repeat(60)}==`;
const signature = 'fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024';

const writers: readonly (readonly [string, (text: string) => string])[] = [
  ['as it is', (text) => text],
  ['in capitals', (text) => text.toUpperCase()],
  ['in hexadecimal', (text) => Buffer.from(text).toString('hex')],
  ['in capital hexadecimal', (text) => Buffer.from(text).toString('hex').toUpperCase()],
  ['in base64', (text) => Buffer.from(text).toString('base64')],
  ['in base64 behind one byte', (text) => Buffer.from(`:${text}`).toString('base64')],
  ['in base64 behind two bytes', (text) => Buffer.from(`x:${text}`).toString('base64')],
  ['in base64 for URLs', (text) => Buffer.from(`k:${text}`).toString('base64url')],
  ['percent-encoded', encodeURIComponent],
  ['percent-encoded twice', (text) => encodeURIComponent(encodeURIComponent(text))],
  ['percent-encoded, each character', (text) => text.replace(/./g, (one) => `%${one.charCodeAt(0).toString(16)}`)],
  ['base64 that is percent-encoded', (text) => encodeURIComponent(Buffer.from(`k:${text}`).toString('base64'))],
  ['as a form reads it', (text) => text.replaceAll('+', ' ')],
  ['in JSON as PHP writes it', (text) => text.replaceAll('/', '\\/')],
  ['in JSON as HTML wants it', (text) => text.replaceAll('/', '\\u002f').replaceAll('+', '\\u002B')],
  ['in HTML as Go writes it', (text) => text.replaceAll('+', '&#43;').replaceAll('=', '&#61;')],
  ['in XML, each character', (text) => text.replace(/./g, (one) => `&#x${one.charCodeAt(0).toString(16)};`)],
];

const keys = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: secretKey, sessionToken: token };

function ownSecrets(): OwnSecrets {
  const secrets = new OwnSecrets(keys);
  secrets.noteSigned(`AWS4-HMAC-SHA256 Credential=AKIA/20260301/NL/s3/aws4_request, Signature=${signature}`);
  return secrets;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

describe('a secret of ours in what a server wrote', () => {
  it.each(writers)('given one %s, it is found wherever it stands', (_label, write) => {
    const secrets = ownSecrets();
    for (const secret of [secretKey, token, signature, `AWS4-HMAC-SHA256 Signature=${signature}`]) {
      for (let before = 0; before < 20; before++) {
        expect(secrets.areIn(['a', `${'x'.repeat(before)}/${write(secret)}/y`, 'b'])).toBe(true);
      }
    }
  });

  it('given secrets of any characters, each is found in each form', () => {
    const secret = fc.string({ unit: fc.constantFrom(...base64), minLength: 40, maxLength: 64 });
    fc.assert(
      fc.property(secret, fc.nat(40), fc.constantFrom(...writers), (secretAccessKey, before, [, write]) => {
        fc.pre(/\d/.test(secretAccessKey) && /[a-z]/i.test(secretAccessKey));
        const secrets = new OwnSecrets({ accessKeyId: 'k', secretAccessKey });
        expect(secrets.areIn([`${'/'.repeat(before)}${write(secretAccessKey)}`])).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('given half of one, or a token that was cut, it is found', () => {
    expect(ownSecrets().areIn([secretKey.slice(3, 30)])).toBe(true);
    expect(ownSecrets().areIn([token.slice(0, 200)])).toBe(true);
    expect(ownSecrets().areIn([Buffer.from(token).toString('base64').slice(60, 260)])).toBe(true);
  });

  it('given bytes that begin at any address, it is found', () => {
    const search = new SecretSearch([secretKey]);
    const bytes = Buffer.from(`${' '.repeat(40)}${secretKey}`);
    for (let from = 0; from < 16; from++) {
      const moved = new Uint8Array(new ArrayBuffer(200), from, bytes.length);
      moved.set(bytes);
      expect(search.isInBytes(moved)).toBe(true);
    }
  });

  it('given keys that were renewed, the old and the new ones are found, and those before no longer', () => {
    const secrets = new OwnSecrets({ roleArn: 'arn:aws:iam::111122223333:role/r', take: () => Promise.reject() });
    const issues = ['one', 'two', 'three'].map((name) => ({
      accessKeyId: 'ASIA',
      secretAccessKey: digest(`secret ${name}`),
      sessionToken: digest(`token ${name}`),
    }));
    for (const issue of issues) secrets.noteKeys(issue);
    expect(issues.map((issue) => secrets.areIn([issue.sessionToken]))).toEqual([false, true, true]);
    expect(issues.map((issue) => secrets.areIn([issue.secretAccessKey]))).toEqual([false, true, true]);
  });

  it('given many requests, the signature that is being answered is found', () => {
    const secrets = ownSecrets();
    for (let count = 0; count < 100; count++) {
      const each = digest(`request ${count}`);
      secrets.noteSigned(`Signature=${each}`);
      expect(secrets.areIn([each])).toBe(true);
    }
    expect(secrets.areIn([signature])).toBe(false);
    expect(secrets.areIn([secretKey])).toBe(true);
  });
});

describe('what is no secret of ours', () => {
  it.each([
    'photos/2026/03/holiday-in-the-mountains.jpeg',
    'd41d8cd98f00b204e9800998ecf8427e-12',
    Buffer.from('somebody else wrote this 1234567890').toString('base64'),
    'mirror/file.pdf?X-Amz-Signature=0000000000000000000000000000000000000000000000000000000000000000',
    '%E3%81%82/a%2Fb%20c%41',
    'AKIAIOSFODNN7EXAMPLE',
    'あいうえお'.repeat(40),
    '',
  ])('given %j, it is a key like any other', (text) => {
    expect(ownSecrets().areIn([text])).toBe(false);
  });

  it.each([
    ['minioadmin', 'minioadmin'],
    ['admin', 'password'],
    ['backup', 'production-backups'],
    ['the-same-key-of-16', 'the-same-key-of-16'],
  ])(
    'given the secret of %s, which may be a word, keys that have it are catalogued',
    (accessKeyId, secretAccessKey) => {
      const secrets = new OwnSecrets({ accessKeyId, secretAccessKey });
      expect(secrets.areIn([`${secretAccessKey}/data.csv`])).toBe(false);
    },
  );

  it('given keys at random, none is taken for a secret', () => {
    const secrets = ownSecrets();
    const key = fc.string({ unit: fc.constantFrom(...base64), minLength: 1, maxLength: 900 });
    fc.assert(fc.property(fc.array(key, { maxLength: 20 }), (texts) => !secrets.areIn(texts)));
  });
});

// Each of a million places was read again with all that is around it: a page held the process for a minute.
it('given a page full of six characters of a secret, it is looked through in one go', { timeout: 20_000 }, () => {
  const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYSECRETKEY';
  const own = new OwnSecrets({ accessKeyId: 'AKIAEXAMPLE', secretAccessKey: secret });
  const pieces = 'SECRETKE'.repeat(1_000_000);
  expect(own.areInBytes(Buffer.from(pieces))).toBe(false);
  expect(own.areInBytes(Buffer.from(`${pieces}${secret}${pieces}`))).toBe(true);
});
