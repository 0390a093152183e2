import { describe, expect, it, test } from 'vitest';
import { Failure, type FailureDetail } from '#core/model/errors.ts';
import { parseInput } from '#core/model/parse-input.ts';
import { s3ConfigInput } from '#core/source/s3-config.ts';

const parse = (config: unknown) => parseInput(s3ConfigInput, config, 'the config');
const detailsOf = (config: unknown): readonly FailureDetail[] => {
  try {
    parse(config);
  } catch (error) {
    if (error instanceof Failure && error.code === 'invalid_request') return error.details;
    throw error;
  }
  throw new Error('it was accepted');
};
const many = (count: number, text: string) => Array.from({ length: count }, (_, index) => `${text}${index}`);

describe('the key fields', () => {
  test.each([
    ['access_key_id', 'secret_access_key'],
    ['aws_access_key_id', 'aws_secret_access_key'],
    ['accessKeyId', 'secretAccessKey'],
    ['accessKeyId', 'aws_secret_access_key'],
  ])('given as %s and %s, then they are understood', (id, secret) => {
    expect(parse({ [id]: 'AKIA1', [secret]: 's/ecret+1=' })).toEqual({
      access_key_id: 'AKIA1',
      secret_access_key: 's/ecret+1=',
    });
  });

  test.each([
    ['access_key_id', 'accessKeyId', 'access_key_id'],
    ['aws_access_key_id', 'accessKeyId', 'access_key_id'],
    ['secretAccessKey', 'secret_access_key', 'secret_access_key'],
  ])('given as %s and %s at once, then the second is refused even when both say the same', (one, other, name) => {
    expect(detailsOf({ [one]: 'same', [other]: 'same' })).toEqual([
      { path: other, reason: `is a second spelling of ${name}; give it once` },
    ]);
  });

  test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty', 'secret', 'Bucket'])(
    'given the unknown field %s, then it is refused by its own name',
    (name) => {
      expect(detailsOf(JSON.parse(`{"${name}":1,"bucket":"photos"}`))).toEqual([
        { path: name, reason: 'is not a known field; remove it or correct its spelling' },
      ]);
    },
  );
});

describe('a stand-in for a secret', () => {
  const masks = ['***', '********', 'AKIA****WXYZ', 'xxxx', 'XXXXXXXX', '••••', '•••1234', '●●●●', '[redacted]'];
  test.each([...masks, 'REDACTED', '<hidden>', '(masked)', '....', '···'])('given %j, then it is refused', (mask) => {
    for (const field of ['secret_access_key', 'session_token']) {
      const [first] = detailsOf({ [field]: mask });
      expect(first).toMatchObject({ path: field, reason: expect.stringContaining('looks like a mask') });
    }
    expect(detailsOf({ access_key_id: mask })[0]).toMatchObject({ path: 'access_key_id' });
  });

  test.each(['wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', 'a*b', 'minio123', 'x-1', 'redacted1', 'a'.repeat(4096)])(
    'given what could be a real one (%j), then it is taken',
    (secret) => {
      expect(parse({ secret_access_key: secret })).toEqual({ secret_access_key: secret });
    },
  );

  test.each([[''], ['a b'], ['a\n'], ['ä'], ['a'.repeat(4097)], [5], [null]])(
    'given %j, then it is refused',
    (secret) => {
      expect(detailsOf({ secret_access_key: secret })[0]?.path).toBe('secret_access_key');
    },
  );

  it('is not echoed by the error', () => {
    try {
      parse({ secret_access_key: 'top secret', session_token: 5, bucket: 'B', endpoint: 'https://u:hidden@h' });
      expect.unreachable();
    } catch (error) {
      expect(JSON.stringify([String(error), error])).not.toMatch(/top secret|hidden@/);
    }
  });
});

describe('the bucket', () => {
  test.each(['abc', 'my.bucket-1', '1bucket', 'a'.repeat(63), 'with_underscore'])(
    'given %j, then it is taken',
    (bucket) => {
      expect(parse({ bucket })).toEqual({ bucket });
    },
  );

  const names = ['', '.', '..', '...', 'ab', 'a..b', '-ab', 'ab-', '.abc', 'abc.', 'a/b', 'a?b', 'abc\n', 'a b'];
  test.each([
    ...names,
    'a'.repeat(256),
    '%2e%2e',
    'b\u00fccher',
    ':bucket',
    'tenant:',
    'a:b:cde',
    'tenant:..',
    '../abc',
    'abc/..',
  ])('given %j, then it is refused', (bucket) => {
    expect(detailsOf({ bucket })).toEqual([
      { path: 'bucket', reason: expect.stringContaining('must be a bucket name: 3–63') },
    ]);
  });

  const elsewhere = ['My-Bucket', 'tenant:bucket', 'T_1:Old.Bucket', 'a'.repeat(64), 'Z'.repeat(255), 'UPPER'];
  test.each(elsewhere)('given %j, it is taken for other servers and refused at those of AWS', (bucket) => {
    for (const endpoint of ['s3.example.com', 'project.storage.example/storage/v1/s3', '127.0.0.1:9000']) {
      expect(parse({ bucket, endpoint })).toEqual({ bucket, endpoint });
    }
    // Where it is: the rest of the settings may say so.
    expect(parse({ bucket })).toEqual({ bucket });
    for (const endpoint of [
      '',
      's3.amazonaws.com',
      'S3.eu-west-1.amazonaws.com.',
      's3.cn-north-1.amazonaws.com.cn:443',
    ]) {
      expect(detailsOf({ bucket, endpoint })).toEqual([
        { path: 'bucket', reason: expect.stringContaining('must be a bucket name of AWS: 3–63') },
      ]);
    }
  });

  test.each([
    'arn:aws:s3:::photos',
    'arn:aws:s3:eu-west-1:111122223333:accesspoint/reports',
    'arn:aws:s3::111122223333:accesspoint/mfzwi23gnjvgw.mrap',
    'arn:aws-cn:s3-outposts:cn-north-1:111122223333:outpost/op-01ac5d28a6a232904/accesspoint/reports',
    'ARN:AWS:S3:::photos',
  ])('given the ARN %j, then the reason says what to give instead', (bucket) => {
    for (const endpoint of ['', 's3.example.com']) {
      expect(detailsOf({ bucket, endpoint })).toContainEqual({
        path: 'bucket',
        reason: expect.stringMatching(
          /^must be the name of a bucket, not an ARN.*access point is not taken by its ARN/,
        ),
      });
    }
  });

  test.each([
    ['files-abc123def456-ext-s3alias', 'an access point to a file system'],
    ['made-up-by-a-function--ol-s3', 'an Object Lambda access point'],
    ['my-access-po-o01ac5d28a6a232904e8xz5w8ijx1qzlbp3i3kuse10--op-s3', 'an access point on Outposts'],
    ['mfzwi23gnjvgw.mrap', 'a Multi-Region Access Point'],
    ['tables--table-s3', 'a table bucket'],
  ])("given %j, it is refused at AWS's hosts as %s, and a name like any other elsewhere", (bucket, thing) => {
    for (const endpoint of ['', 's3.amazonaws.com', 's3.eusc-de-east-1.amazonaws.eu']) {
      expect(detailsOf({ bucket, endpoint })).toEqual([
        {
          path: 'bucket',
          reason: `is the name of ${thing}, which cannot be catalogued: name a general purpose bucket`,
        },
      ]);
    }
    expect(parse({ bucket, endpoint: 's3.example.com' })).toEqual({ bucket, endpoint: 's3.example.com' });
  });

  test('given the alias of an access point to a bucket, it is taken: the first page proves what it lists', () => {
    const bucket = 'reports-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias';
    expect(parse({ bucket, endpoint: '' })).toEqual({ bucket, endpoint: '' });
  });

  test.each(['photos--use1-az4--x-s3', 'a--x-s3'])(
    'given the directory bucket %j, then the reason says so',
    (bucket) => {
      expect(detailsOf({ bucket })).toEqual([{ path: 'bucket', reason: expect.stringContaining('directory bucket') }]);
    },
  );
});

describe('the owner of the bucket', () => {
  test.each(['111122223333', null])('given %j, it is taken', (expected_bucket_owner) => {
    expect(parse({ expected_bucket_owner })).toEqual({ expected_bucket_owner });
    expect(parse({ expected_bucket_owner, endpoint: '' })).toEqual({ expected_bucket_owner, endpoint: '' });
  });

  test.each(['', '1111-2222-3333', '11112222333', '1111222233334', '11112222333x', '111122223333\n', 111122223333])(
    'given %j, it is refused',
    (expected_bucket_owner) => {
      expect(detailsOf({ expected_bucket_owner }).map(({ path }) => path)).toEqual(['expected_bucket_owner']);
    },
  );

  test('given a server that is not of AWS, it is refused: nothing would look for the owner there', () => {
    expect(detailsOf({ expected_bucket_owner: '111122223333', endpoint: 's3.example.com' })).toEqual([
      { path: 'expected_bucket_owner', reason: expect.stringContaining("goes with AWS's own S3 alone") },
    ]);
  });
});

describe('the other fields', () => {
  test.each([
    [{ prefix: 'a'.repeat(1024) }],
    [{ prefix: 'ü'.repeat(512) }],
    [{ prefix: '\u{1f600}'.repeat(256) }],
    [{ prefix: '' }],
    [{ prefix: ' /a//b?#%+\n' }],
    [{ endpoint: '' }],
    [{ endpoint: 's3.example.com:9000' }],
    [{ region: 'eu-west-1' }],
    [{ region: 'NL', endpoint: 's3.example.com' }],
    [{ endpoint: 'project.storage.example/storage/v1/s3' }],
    [{ endpoint: 'my_server.example.com./s3/' }],
    [{ list_version: 1 }],
    [{ list_version: 'auto' }],
    [{ extensions: many(100, 'e') }],
    [{ extensions: ['.PDF', 'docx', 'tar-gz'] }],
    [{ extensions: ['*'] }],
    [{ extensions: ['tar.gz', '.d.ts', `${'a'.repeat(31)}.${'b'.repeat(32)}`, `.${'a'.repeat(64)}`] }],
    [{ extensions: null, include: null, exclude: null, session_token: null }],
    [{ include: many(50, '**/a'), exclude: many(50, 'b') }],
    [{}],
  ])('given %j, then they are taken as they are', (config) => {
    expect(parse(config)).toEqual(config);
  });

  test.each([
    [{ prefix: 'a'.repeat(1025) }, 'prefix', '1,024 bytes'],
    [{ prefix: 'ü'.repeat(512).concat('a') }, 'prefix', '1,024 bytes'],
    [{ prefix: 'a\u0000' }, 'prefix', 'U+0000'],
    [{ prefix: '\ud800' }, 'prefix', 'valid Unicode'],
    [{ endpoint: 'https://s3.example.com' }, 'endpoint', 'without a scheme'],
    [{ endpoint: 's3.example.com/../x' }, 'endpoint', 'must have a path of'],
    [{ endpoint: 's3.amazonaws.com/photos' }, 'endpoint', 'must have no path'],
    [{ endpoint: '0x7f.1' }, 'endpoint', 'IPv4'],
    [{ region: 'eu west' }, 'region', 'must be a region'],
    [{ region: 'a'.repeat(65) }, 'region', 'must be a region'],
    [{ region: 'eu-west-1/s3' }, 'region', 'must be a region'],
    [{ region: 'eu-west-1,x' }, 'region', 'must be a region'],
    [{ region: 'eu-west-1\n' }, 'region', 'must be a region'],
    [{ region: 'é' }, 'region', 'must be a region'],
    [{ region: 'NL', endpoint: '' }, 'region', 'must be a region of AWS'],
    [{ region: 'x.evil', endpoint: 's3.amazonaws.com' }, 'region', 'must be a region of AWS'],
    [{ region: 'us_east', endpoint: 'S3.amazonaws.com.' }, 'region', 'must be a region of AWS'],
    [{ region: 'a.evil.example/' }, 'region', 'must be a region'],
    [{ list_version: 3 }, 'list_version', 'must be "auto", 1 or 2'],
    [{ list_version: '2' }, 'list_version', 'must be "auto", 1 or 2'],
    [{ extensions: many(101, 'e') }, 'extensions', 'at most 100'],
    [{ extensions: ['pdf', 'tar..gz'] }, 'extensions.1', '"tar.gz"'],
    [{ extensions: ['pdf.'] }, 'extensions.0', 'must be one extension'],
    [{ extensions: ['..pdf'] }, 'extensions.0', 'must be one extension'],
    [{ extensions: ['a/b.pdf'] }, 'extensions.0', 'must be one extension'],
    [{ extensions: ['pdf, docx'] }, 'extensions.0', 'must be one extension'],
    [{ extensions: [`${'a'.repeat(32)}.${'b'.repeat(32)}`] }, 'extensions.0', 'must be one extension'],
    [{ extensions: [''] }, 'extensions.0', 'must be one extension'],
    [{ extensions: ['.'] }, 'extensions.0', 'must be one extension'],
    [{ extensions: ['a'.repeat(65)] }, 'extensions.0', 'must be one extension'],
    [{ extensions: ['\ud800'] }, 'extensions.0', 'valid Unicode'],
    [{ extensions: [1] }, 'extensions.0', 'list of strings'],
    [{ extensions: 'pdf' }, 'extensions', 'must be a list'],
    [{ include: many(51, 'a') }, 'include', 'at most 50'],
    [{ exclude: many(51, 'a') }, 'exclude', 'at most 50'],
    [{ include: ['a', ''] }, 'include.1', 'must not be empty'],
    [{ use_ssl: 'false' }, 'use_ssl', 'must be true or false'],
    [{ session_token: 5 }, 'session_token', 'must be a text'],
    [{ access_key_id: 'a'.repeat(257) }, 'access_key_id', '1–256'],
    [{ bucket: null }, 'bucket', 'must be a text'],
  ])('given %j, then the fault is at %s and says %j', (config, path, words) => {
    expect(detailsOf(config)).toEqual([{ path, reason: expect.stringContaining(words) }]);
  });

  const regions = ['NL', 'RegionOne', 'EU', 'auto', 'us_east', 'dc1.example', '_', 'A'.repeat(64)];
  test.each(regions)('given the region %j, then it is taken', (region) => {
    expect(parse({ region, endpoint: 's3.example.com' })).toEqual({ region, endpoint: 's3.example.com' });
    expect(parse({ region })).toEqual({ region });
  });

  it('given an empty region, it is none', () => {
    expect(parse({ region: '', endpoint: 's3.example.com' })).toEqual({ region: null, endpoint: 's3.example.com' });
  });

  it('given several faults, then all are told at once', () => {
    const paths = detailsOf({ bucket: 'B', prefix: '\u0000', extensions: ['a..b'], colour: 'red' }).map(
      (one) => one.path,
    );
    expect(paths.sort()).toEqual(['bucket', 'colour', 'extensions.0', 'prefix']);
  });

  test.each([[null], ['text'], [[]], [5]])('given %j in place of an object, then it is refused', (config) => {
    expect(detailsOf(config)).toEqual([{ path: '', reason: expect.stringContaining('object') }]);
  });
});
