import { describe, expect, it, test } from 'vitest';
import type { Failure } from '#core/model/errors.ts';
import { shortHash } from '#core/model/short-hash.ts';
import {
  type EffectiveConfig,
  effectiveConfig,
  fingerprintOf,
  hasOwnBlock,
  targetOf,
} from '#core/registry/effective-config.ts';

type Datasource = Parameters<typeof effectiveConfig>[1];
const connector: Parameters<typeof effectiveConfig>[0] = {
  owner: 'connector-owner',
  config: { bucket: 'shared', endpoint: 'one.example.com', use_ssl: false, access_key_id: 'KEY1', prefix: 'p/' },
  secrets: { secret_access_key: 'sealed-by-connector', session_token: 'token-of-connector' },
};
const bare = { ...connector, config: {}, secrets: {} };
const own = (config: Datasource['config'], secrets: Datasource['secrets'] = {}): Datasource => ({
  owner: 'datasource-owner',
  config,
  secrets,
});
const whole = own(
  { bucket: 'photos', endpoint: 's3.example.com', access_key_id: 'K' },
  { secret_access_key: 'sealed' },
);
const effective = (config: Datasource['config']) =>
  effectiveConfig(bare, { ...whole, config: { ...whole.config, ...config } });

describe('what a datasource inherits', () => {
  it('is endpoint, key id and secrets as one, with the connector as their owner', () => {
    expect(effectiveConfig(connector, own({ bucket: 'mine', extensions: ['pdf'] }))).toMatchObject({
      bucket: 'mine',
      endpoint: 'one.example.com',
      useSsl: false,
      prefix: 'p/',
      extensions: ['pdf'],
      credentials: {
        kind: 'keys',
        accessKeyId: 'KEY1',
        secrets: connector.secrets,
        secretOwner: { kind: 'connector', uid: 'connector-owner' },
      },
    });
  });

  it('given a block of its own, then nothing of the connector is in it, its defaults included', () => {
    const { credentials, ...rest } = effectiveConfig(connector, whole);
    expect(rest).toMatchObject({ endpoint: 's3.example.com', useSsl: true });
    expect(credentials).toEqual({
      kind: 'keys',
      accessKeyId: 'K',
      secrets: { secret_access_key: 'sealed' },
      secretOwner: { kind: 'datasource', uid: 'datasource-owner' },
    });
  });

  test.each([
    [own({ endpoint: 'evil.example.com' }), 'access_key_id, secret_access_key'],
    [own({ access_key_id: 'KEY2' }), 'endpoint, secret_access_key'],
    [own({ endpoint: 'evil.example.com', access_key_id: 'KEY1' }), 'secret_access_key'],
    [own({ region: 'eu-west-1' }), 'access_key_id, secret_access_key'],
    [own({ use_ssl: true }), 'endpoint, access_key_id, secret_access_key'],
    [own({ path_style: true }), 'endpoint, access_key_id, secret_access_key'],
    [own({ list_version: 1 }), 'endpoint, access_key_id, secret_access_key'],
    [own({ endpoint: '' }), 'endpoint, access_key_id, secret_access_key'],
    [own({}, { secret_access_key: 'sealed' }), 'endpoint, access_key_id'],
    [own({}, { session_token: 'sealed' }), 'endpoint, access_key_id, secret_access_key'],
  ])('given %j, then it must bring the rest too', (datasource, names) => {
    expect(hasOwnBlock(datasource)).toBe(true);
    expect(() => effectiveConfig(connector, datasource)).toThrow(new RegExp(`^connector.config lacks ${names}$`));
  });

  it('given an owner on the connector, it is expected of other buckets of AWS too, unless a datasource says its own', () => {
    const aws = {
      ...connector,
      config: { ...connector.config, endpoint: '', region: 'eu-west-1', expected_bucket_owner: '111122223333' },
    };
    expect(effectiveConfig(aws, own({})).expectedOwner).toBe('111122223333');
    expect(effectiveConfig(aws, own({ bucket: 'mine' })).expectedOwner).toBe('111122223333');
    const named = own({ bucket: 'mine', expected_bucket_owner: '444455556666' });
    expect(hasOwnBlock(named)).toBe(false);
    expect(effectiveConfig(aws, named).expectedOwner).toBe('444455556666');
    const fingerprint = fingerprintOf(effectiveConfig(aws, own({ bucket: 'mine' })));
    expect(fingerprintOf(effectiveConfig(aws, named))).toBe(fingerprint);
  });

  it("given a datasource at another server than AWS's, the connector's owner is not meant, and its own is refused", () => {
    const aws = { ...connector, config: { ...connector.config, expected_bucket_owner: '111122223333' } };
    expect(effectiveConfig(aws, whole)).not.toHaveProperty('expectedOwner');
    expect(effectiveConfig(aws, own({}))).not.toHaveProperty('expectedOwner');
    expect(() =>
      effectiveConfig(aws, { ...whole, config: { ...whole.config, expected_bucket_owner: '444455556666' } }),
    ).toThrow("connector.config.expected_bucket_owner goes with AWS's own S3 alone");
  });

  it('given nothing anywhere, then each missing field is told with its path', () => {
    try {
      effectiveConfig(bare, own({}));
      expect.unreachable();
    } catch (error) {
      const { details } = error as Failure;
      expect(details.map((detail) => detail.path)).toEqual(
        ['bucket', 'endpoint', 'access_key_id', 'secret_access_key'].map((name) => `connector.config.${name}`),
      );
      expect(details.every((detail) => detail.reason.startsWith('is required'))).toBe(true);
    }
  });

  test.each(['bucket', 'prefix', 'extensions', 'include', 'exclude'] as const)(
    'given only %s, then the rest is inherited',
    (field) => {
      const value = field === 'bucket' || field === 'prefix' ? 'own' : ['own'];
      expect(hasOwnBlock(own({ [field]: value }))).toBe(false);
      expect(effectiveConfig(connector, own({ [field]: value }))[field]).toEqual(value);
    },
  );

  it('given empty lists, then they stand against those of the connector', () => {
    const filtered = { ...connector, config: { ...connector.config, extensions: ['pdf'] } };
    expect(effectiveConfig(filtered, own({ extensions: [] })).extensions).toEqual([]);
    expect(effectiveConfig(filtered, own({})).extensions).toEqual(['pdf']);
  });

  it('given a region and an empty endpoint, then it is AWS', () => {
    expect(effective({ endpoint: '', region: 'eu-west-1' })).toMatchObject({ endpoint: '', region: 'eu-west-1' });
  });

  test.each([
    ['s3.example.com', 'photos', true],
    ['', 'photos', false],
    ['s3.eu-west-1.amazonaws.com', 'photos', false],
    ['s3.cn-north-1.amazonaws.com.cn', 'photos', false],
    ['', 'my.photos', true],
    ['amazonaws.com.evil.example', 'photos', true],
    ['notamazonaws.com', 'photos', true],
  ])('given endpoint %j and bucket %s, then path style is %s unless it is said', (endpoint, bucket, pathStyle) => {
    expect(effective({ endpoint, bucket, region: 'eu-west-1' }).pathStyle).toBe(pathStyle);
    expect(effective({ endpoint, bucket, region: 'eu-west-1', path_style: !pathStyle }).pathStyle).toBe(!pathStyle);
  });
});

describe('what AWS takes', () => {
  const atAws = { endpoint: '', region: 'eu-west-1' };
  test.each([
    [{ ...atAws, bucket: 'My-Bucket' }, 'connector.config.bucket'],
    [{ ...atAws, bucket: 'tenant:bucket' }, 'connector.config.bucket'],
    [{ endpoint: 's3.eu-west-1.amazonaws.com', bucket: 'a'.repeat(64) }, 'connector.config.bucket'],
    [{ endpoint: 'S3.EU-WEST-1.amazonaws.com.:443', bucket: 'UPPER' }, 'connector.config.bucket'],
    [{ endpoint: '', region: 'NL' }, 'connector.config.region'],
    [{ endpoint: 's3.amazonaws.com', region: 'x.y' }, 'connector.config.region'],
  ])('given %j, the settings as a whole are refused at %s', (config, path) => {
    expect(() => effective(config)).toThrow(
      expect.objectContaining({ code: 'invalid_request', details: [{ path, reason: expect.stringContaining('AWS') }] }),
    );
  });

  it('given a bucket that is inherited together with another server, it is judged by that server', () => {
    const capitals = { ...connector, config: { ...connector.config, bucket: 'My-Bucket' } };
    expect(effectiveConfig(capitals, own({})).bucket).toBe('My-Bucket');
    const ofAws = own({ endpoint: '', region: 'eu-west-1', access_key_id: 'K' }, { secret_access_key: 'sealed' });
    expect(() => effectiveConfig(capitals, ofAws)).toThrow(/connector.config.bucket must be a bucket name of AWS/);
  });
});

describe('the target', () => {
  it('changes with bucket and endpoint, and with the region of AWS', () => {
    const targets = [
      effective({}),
      effective({ bucket: 'other' }),
      effective({ endpoint: 'other.example.com' }),
      effective({ endpoint: '', region: 'eu-west-1' }),
      effective({ endpoint: '', region: 'eu-west-2' }),
    ].map(targetOf);
    expect(new Set(targets).size).toBe(5);
  });

  test.each([{ prefix: 'a/' }, { extensions: ['pdf'] }, { access_key_id: 'L' }, { region: 'x' }, { use_ssl: false }])(
    'does not change with %j, nor with the case of the endpoint',
    (config) => {
      expect(targetOf(effective(config))).toBe(targetOf(effective({})));
      expect(targetOf(effective({ endpoint: 'S3.Example.COM' }))).toBe(targetOf(effective({})));
    },
  );
});

describe('an endpoint in another spelling', () => {
  const target = (endpoint: string) => targetOf(effective({ endpoint }));

  it('is the same target, and another path or its case another one', () => {
    const path = 'S3.example.com/Storage/v1';
    expect(target('s3.example.com./Storage/v1/')).toBe(target(path));
    const others = [path, 's3.example.com/storage/v1', 's3.example.com/Storage', 's3.example.com'].map(target);
    expect(new Set(others).size).toBe(4);
    expect(target('s3.example.com.')).toBe(target('s3.example.com'));
    expect(target('s3.example.com/')).toBe(target('s3.example.com'));
  });

  it('is part of the fingerprint', () => {
    const one = fingerprintOf(effective({ endpoint: 's3.example.com/one' }));
    expect(fingerprintOf(effective({ endpoint: 's3.example.com/two' }))).not.toBe(one);
  });

  it('is used without what means nothing', () => {
    expect(effective({ endpoint: 'S3.example.com./v1/' })).toMatchObject({
      endpoint: 'S3.example.com/v1',
      pathStyle: true,
    });
  });

  it('given an endpoint that could always be written, the target is the one of rows that stand', () => {
    // Of the version before paths: another one would empty the catalogue.
    expect(target('S3.Example.com:9000')).toBe('f51ab6ef12cdb20e054640aab826bc20');
    expect(targetOf(effective({ endpoint: '', region: 'eu-west-1' }))).toBe('29a94a4335f39e54bdab500a41753ff1');
  });
});

describe('the fingerprint of a scope', () => {
  it('changes with every part of the scope, and no part passes for another', () => {
    const scopes = [
      ...[{}, { bucket: 'other' }, { prefix: 'a' }, { extensions: ['a'] }, { include: ['a'] }, { exclude: ['a'] }],
      ...[{ include: ['a', 'b'] }, { include: ['a'], exclude: ['b'] }, { include: ['a,b'] }],
      ...[{ prefix: 'b' }, { extensions: ['b'] }, { include: ['b'] }, { exclude: ['b'] }],
    ];
    expect(new Set(scopes.map((scope) => fingerprintOf(effective(scope)))).size).toBe(scopes.length);
  });

  it('does not change with the order of a list, nor with the credentials', () => {
    const one = fingerprintOf(effective({ extensions: ['a', 'b'], include: ['x', 'y'], exclude: ['p', 'q'] }));
    const other = effective({ extensions: ['b', 'a'], include: ['y', 'x'], exclude: ['q', 'p'], access_key_id: 'L' });
    expect(fingerprintOf(other)).toBe(one);
  });

  it('is another than before where it has extensions, for those find more than they did, and else the same', () => {
    const former = (config: EffectiveConfig) =>
      shortHash([targetOf(config), config.prefix, config.extensions, config.include, config.exclude]);
    for (const extensions of [['pdf'], ['.pdf'], ['*']]) {
      expect(fingerprintOf(effective({ extensions }))).not.toBe(former(effective({ extensions })));
    }
    for (const scope of [{}, { prefix: 'a' }, { include: ['a'] }, { exclude: ['b'] }]) {
      expect(fingerprintOf(effective(scope))).toBe(former(effective(scope)));
    }
  });

  it('does not change with the spelling of an extension', () => {
    expect(fingerprintOf(effective({ extensions: ['.PDF'] }))).toBe(fingerprintOf(effective({ extensions: ['pdf'] })));
    expect(fingerprintOf(effective({ extensions: ['*'] }))).not.toBe(fingerprintOf(effective({})));
  });
});
