import { describe, expect, test } from 'vitest';
import { createAssumableRoles } from '#core/source/assumable-roles.ts';
import { roleProblems } from '#core/source/role-arn.ts';
import { s3ConfigInput } from '#core/source/s3-config.ts';

const arn = 'arn:aws:iam::111122223333:role/read-photos';
const issuesOf = (config: object) =>
  s3ConfigInput.safeParse(config).error?.issues.map(({ path, message }) => [path.join('.'), message]) ?? [];

describe('role_arn', () => {
  test.each([
    arn,
    'arn:aws-cn:iam::111122223333:role/a',
    'arn:aws-us-gov:iam::111122223333:role/team/sub/read+photos@x=y,z.-_',
    'arn:aws-iso-b:iam::111122223333:role/A',
    'arn:aws-eusc:iam::111122223333:role/A',
    `arn:aws:iam::111122223333:role/${'p'.repeat(300)}/${'n'.repeat(64)}`,
    'arn:aws:iam::111122223333:role/odd!path:~(here)/name',
  ])('given the role %s, it is taken', (role_arn) => {
    expect(issuesOf({ role_arn })).toEqual([]);
  });

  test.each([
    '',
    'read-photos',
    'arn:aws:iam::111122223333:user/me',
    'arn:aws:iam::111122223333:role/',
    'arn:aws:iam::111122223333:role/team/',
    'arn:aws:iam::111122223333:role//name',
    'arn:aws:iam::11112222333:role/name',
    'arn:aws:iam:eu-west-1:111122223333:role/name',
    'arn:aws:sts::111122223333:assumed-role/name/session',
    'arn:aws:iam::*:role/name',
    'arn:aws:iam::111122223333:role/*',
    'arn:aws:iam::111122223333:role/te?m/name',
    'arn:evil:iam::111122223333:role/name',
    'arn:AWS:iam::111122223333:role/name',
    ` ${arn}`,
    `${arn}\n`,
    `${arn} ${arn}`,
    'arn:aws:iam::111122223333:role/näme',
    `arn:aws:iam::111122223333:role/${'n'.repeat(65)}`,
    `arn:aws:iam::111122223333:role/${'p'.repeat(700)}/n`,
    7,
    {},
  ])('given %j, it is refused', (role_arn) => {
    expect(issuesOf({ role_arn }).map(([path]) => path)).toContain('role_arn');
  });

  test.each([
    [{ access_key_id: 'KEY' }, 'access_key_id'],
    [{ aws_secret_access_key: 'secret' }, 'secret_access_key'],
    [{ session_token: 'token' }, 'session_token'],
    [{ accessKeyId: 'KEY', secretAccessKey: 'secret' }, 'access_key_id and secret_access_key'],
  ])('given it together with %j, it is said that it stands instead', (keys, names) => {
    const message = `stands instead of keys: leave out ${names}, or leave out role_arn`;
    expect(issuesOf({ role_arn: arn, ...keys })).toEqual([['role_arn', message]]);
  });

  test('given null for the one that is not meant, nothing is said', () => {
    expect(issuesOf({ role_arn: arn, session_token: null })).toEqual([]);
    expect(issuesOf({ role_arn: null, access_key_id: 'KEY', secret_access_key: 'secret' })).toEqual([]);
  });
});

describe('what a role may be used with', () => {
  test.each([
    {},
    { endpoint: '' },
    { endpoint: 's3.eu-west-1.amazonaws.com', use_ssl: true },
    { endpoint: 'S3.EU-WEST-1.AMAZONAWS.COM:443' },
    { endpoint: 's3.dualstack.eu-west-1.amazonaws.com' },
    { endpoint: 's3.cn-north-1.amazonaws.com.cn' },
    { endpoint: 's3.amazonaws.com' },
  ])('given %j, it may', (config) => {
    expect(roleProblems({ role_arn: arn, ...config })).toEqual([]);
  });

  test.each([
    'minio.example.com',
    '127.0.0.1:9000',
    '[::1]',
    'amazonaws.com',
    'amazonaws.com.evil.example',
    's3.amazonaws.com.evil.example',
    's3.eu-west-1.amazonaws.com.evil.example',
    'evils3.eu-west-1.amazonaws.com',
    'abc123.execute-api.eu-west-1.amazonaws.com',
    'ec2-203-0-113-9.compute-1.amazonaws.com',
    's3.evil.example.amazonaws.com',
    'somebodys-bucket.s3.eu-west-1.amazonaws.com',
    's3.eu-west-1.amazonaws.com@evil.example',
  ])('given the endpoint %s, it may not: its credentials go to AWS alone', (endpoint) => {
    expect(roleProblems({ role_arn: arn, endpoint })).toEqual([
      { path: 'endpoint', reason: expect.stringContaining("must be AWS's own S3") },
    ]);
    expect(roleProblems({ endpoint })).toEqual([]);
  });

  test('given no TLS, it may not', () => {
    expect(roleProblems({ role_arn: arn, use_ssl: false })).toEqual([
      { path: 'use_ssl', reason: expect.stringContaining('must be true') },
    ]);
    expect(roleProblems({ use_ssl: false })).toEqual([]);
  });
});

describe('the roles that may be taken', () => {
  const refusal = (patterns: readonly string[], role = arn) => createAssumableRoles(patterns, 'ask Ann').refusal(role);

  test.each([
    '*',
    arn,
    'arn:aws:iam::111122223333:role/read-*',
    'arn:aws:iam::*:role/read-photo?',
    'arn:aws:iam::*:role/*',
  ])('given the pattern %s, a role that it meets may be', (pattern) => {
    expect(refusal(['arn:aws:iam::9:role/other', pattern])).toBeUndefined();
  });

  test.each([
    'arn:aws:iam::111122223333:role/read',
    'arn:aws:iam::111122223333:role/read-photo',
    'arn:aws:iam::111122223333:role/write-*',
    'arn:aws:iam::111122223333:role/read.photos',
    'arn:aws:iam::444455556666:role/*',
    'role/read-photos',
  ])('given the pattern %s alone, another role may not, and it is said who to ask', (pattern) => {
    expect(refusal([pattern])).toMatch(/^is none of the roles that this Stocktake may take; ask Ann/);
  });

  test('given no pattern, no role may be', () => {
    expect(refusal([])).toMatch(/^cannot be used here: this Stocktake may take no roles; ask Ann/);
  });

  test('given a pattern of many stars, it is read without long work', () => {
    expect(refusal([`arn:${'*'.repeat(500)}x`], `arn:${'a'.repeat(600)}`)).toBeDefined();
  });
});
