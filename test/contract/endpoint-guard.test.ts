import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { admitEndpoint, type Lookup, mayDial } from '#adapters/outbound/endpoint-guard.ts';
import { createBuckets, type S3BucketsOptions } from '#adapters/s3/s3-buckets.ts';
import { Failure } from '#core/model/errors.ts';
import type { BucketTarget } from '#core/model/ports/bucket.ts';

const vectors: { refuse: string[]; accept: string[]; refuse_as_path: string[]; other_spellings: { text: string }[] } =
  JSON.parse(readFileSync(new URL('../vectors/endpoints.json', import.meta.url), 'utf8'));

let server: Server;
let port: number;
let connections = 0;

beforeAll(async () => {
  server = createServer((_request, response) => response.end('<ListBucketResult></ListBucketResult>'));
  server.on('connection', () => {
    connections++;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  connections = 0;
});

function target(endpoint: string): BucketTarget {
  return {
    bucket: 'stock',
    endpoint,
    useSsl: false,
    pathStyle: true,
    listVersion: 2,
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
  };
}

/** Goes all the way to a listing, so that whatever would dial does. */
async function attempt(endpoint: string, options: Partial<S3BucketsOptions> = {}): Promise<Failure | undefined> {
  let bucket: ReturnType<ReturnType<typeof createBuckets>['open']> | undefined;
  try {
    bucket = createBuckets({ allowPrivateEndpoints: false, refusalMs: 1, ...options }).open(target(endpoint));
    await bucket.list({ prefix: '', maxKeys: 1 });
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  } finally {
    bucket?.close();
  }
}

function resolvingTo(...addresses: string[]): Lookup {
  return async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
}

/** The setting in a refusal repeats what was asked for. */
const asked = /(?<=ndpoints=|ENDPOINTS=)\S+/g;

/** Names that need a resolver are given one that answers as the system's would. */
const systemLike: Lookup = async (name) => {
  if (name === 'localhost' || name.endsWith('.localhost')) return [{ address: '127.0.0.1', family: 4 }];
  throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
};

describe('the endpoint guard, without private endpoints', () => {
  // AWS's own endpoint is what an empty one means to the port.
  it.each(vectors.refuse.filter((text) => text !== ''))(
    'given %s, it is refused without a connection',
    async (text) => {
      const failure = await attempt(text, { lookup: systemLike });
      expect(failure?.code).toBe('endpoint_refused');
      expect(connections).toBe(0);
    },
  );

  it('given any of them, the text is one and the same', async () => {
    const texts = await Promise.all(
      [...vectors.refuse.filter((text) => text !== ''), 'inside.example.com'].map(async (text) =>
        (await attempt(text, { lookup: resolvingTo('10.0.0.7') }))?.message.replace(asked, '='),
      ),
    );
    expect(new Set(texts).size).toBe(1);
  });

  it.each([...vectors.accept, ...vectors.other_spellings.map(({ text }) => text)])(
    'given %s, it is admitted',
    (text) => {
      expect(() => admitEndpoint(text, true, false)).not.toThrow();
    },
  );

  it.each(vectors.refuse_as_path)('given the path of %j, it is refused without a connection', async (text) => {
    expect((await attempt(text, { lookup: resolvingTo('127.0.0.1') }))?.code).toBe('endpoint_refused');
    expect(connections).toBe(0);
  });

  it('given names of every accepted spelling that resolve to addresses inside, no connection is made', async () => {
    const names: string[] = [];
    for (const { text } of [...vectors.other_spellings, { text: 'metadata.google.internal./computeMetadata/v1' }]) {
      if (/^[[\d]/.test(text)) continue;
      const lookup: Lookup = async (name) => {
        names.push(name);
        return [{ address: '169.254.169.254', family: 4 }];
      };
      expect([text, (await attempt(text, { lookup }))?.code]).toEqual([text, 'endpoint_refused']);
    }
    expect(connections).toBe(0);
    // And the resolver was asked for the name without its dot, which is what was judged.
    expect(names.filter((name) => name.endsWith('.') || name.includes('/'))).toEqual([]);
    expect(names).toContain('metadata.google.internal');
  });

  it('given the port of a listening loopback server in any spelling of its address, no connection is made', async () => {
    const spellings = [
      '127.0.0.1',
      '127.1',
      '127.0.1',
      '2130706433',
      '017700000001',
      '0x7f.0.0.1',
      '0x7f000001',
      '0177.0.0.1',
      '0.0.0.0',
      '0',
      'localhost',
      'LOCALHOST',
      'a.localhost',
      '[::1]',
      '[::]',
      '[0:0:0:0:0:0:0:1]',
      '[::127.0.0.1]',
      '[::7f00:1]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[0:0:0:0:0:ffff:127.0.0.1]',
      '[::ffff:0:127.0.0.1]',
      '[64:ff9b::127.0.0.1]',
      '[64:ff9b:1::127.0.0.1]',
      '[2002:7f00:1::]',
      '127.0.0.1.',
      'localhost.',
      'LOCALHOST.',
      'a_b.localhost.',
    ];
    for (const spelling of spellings) {
      for (const path of ['', '/', '/s3', '/storage/v1/s3']) {
        const text = `${spelling}:${port}${path}`;
        expect([text, (await attempt(text))?.code]).toEqual([text, 'endpoint_refused']);
      }
    }
    expect(connections).toBe(0);
  });

  it('given a name that resolves to addresses out of reach, alone or among public ones, no connection is made', async () => {
    for (const addresses of [
      ['127.0.0.1'],
      ['8.8.8.8', '127.0.0.1'],
      ['127.0.0.1', '8.8.8.8'],
      ['::ffff:127.0.0.1'],
      ['169.254.169.254'],
      ['fd00::1', '2606:4700:4700::1111'],
      ['not an address'],
    ]) {
      const failure = await attempt(`s3.example.com:${port}`, { lookup: resolvingTo(...addresses) });
      expect([addresses, failure?.code]).toEqual([addresses, 'endpoint_refused']);
    }
    expect(connections).toBe(0);
  });

  it('given a name that does not exist, it is refused as one that leads inside, by the same words and clock', async () => {
    const refusals = [resolvingTo('10.0.0.5'), systemLike].map(async (lookup) => {
      const began = performance.now();
      const failure = await attempt('files.corp.example:9000', { lookup, refusalMs: 60 });
      return { failure, ms: performance.now() - began };
    });
    const [inside, missing] = await Promise.all(refusals);
    expect(inside?.failure?.message).toMatch(/STOCKTAKE_PRIVATE_ENDPOINTS=files\.corp\.example:9000 for npm start/);
    expect(missing?.failure).toEqual(inside?.failure);
    expect(Math.min(inside?.ms ?? 0, missing?.ms ?? 0)).toBeGreaterThanOrEqual(59);
  });

  it.each([
    ['127.0.0.1', true],
    ['[::1]', true],
    ['files.corp.example', true],
    // As AWS's own, and as a server that has the bucket before its host.
    ['files.corp.example', false],
  ])('given a refusal of %s, path style %s, the setting in it allows just that endpoint', async (host, pathStyle) => {
    const endpoint = `${host}:${port}`;
    const buckets = createBuckets({ allowPrivateEndpoints: false, refusalMs: 1, lookup: resolvingTo('127.0.0.1') });
    const ask = async () => buckets.open({ ...target(endpoint), pathStyle }).list({ prefix: '', maxKeys: 1 });
    const message = await ask().then(String, String);
    for (const name of ['STOCKTAKE_PRIVATE_ENDPOINTS', 'privateEndpoints']) {
      const [, quote, setting = ''] = new RegExp(`${name}=('?)(\\S+)\\1 for`).exec(message) ?? [];
      expect([quote, setting]).toEqual([host.startsWith('[') ? "'" : '', endpoint]);
      expect(admitEndpoint(endpoint, false, [setting]).reach).toBe('private');
    }
    expect(connections).toBe(0);
  });

  it('given a name that turns to a private address later, that connection is refused too', async () => {
    let answer = ['192.0.2.1'];
    const lookups: string[] = [];
    const lookup: Lookup = async (name) => {
      lookups.push(name);
      return answer.map((address) => ({ address, family: 4 }));
    };
    const bucket = createBuckets({ allowPrivateEndpoints: false, refusalMs: 1, lookup }).open(
      target(`s3.example.com:${port}`),
    );
    for (const turned of [['127.0.0.1'], ['10.1.2.3']]) {
      answer = turned;
      await expect(bucket.list({ prefix: '', maxKeys: 1 })).rejects.toMatchObject({ code: 'endpoint_refused' });
    }
    bucket.close();
    expect(lookups).toEqual(['s3.example.com', 's3.example.com']);
    expect(connections).toBe(0);
  });

  it('given a bucket name that goes before the host, the whole name is checked', async () => {
    const names: string[] = [];
    const lookup: Lookup = async (name) => {
      names.push(name);
      return [{ address: '127.0.0.1', family: 4 }];
    };
    const bucket = createBuckets({ allowPrivateEndpoints: false, refusalMs: 1, lookup }).open({
      ...target(`s3.example.com:${port}`),
      pathStyle: false,
    });
    await expect(bucket.list({ prefix: '', maxKeys: 1 })).rejects.toMatchObject({ code: 'endpoint_refused' });
    bucket.close();
    expect(names).toEqual(['stock.s3.example.com']);
    expect(connections).toBe(0);
  });
});

describe('the endpoint guard, with private endpoints allowed', () => {
  it('given all are allowed, loopback by literal and by name is connected to', async () => {
    await attempt(`127.0.0.1:${port}`, { allowPrivateEndpoints: true });
    expect(connections).toBe(1);
    await attempt(`localhost:${port}`, { allowPrivateEndpoints: true, lookup: resolvingTo('127.0.0.1') });
    expect(connections).toBe(2);
  });

  it('given all are allowed, the address of cloud credentials and what is no address of a server are not', async () => {
    for (const text of [
      '169.254.169.254',
      '169.254.170.2',
      '[fe80::a9fe:a9fe]',
      '[fd00:ec2::254]',
      '[fd00:ec2::23]',
      '[fd20:ce::254]',
      '[fd00:c1::a9fe:a9fe]',
      '[fd00:a9fe:a9fe::1]',
      '[fd00:42::42]',
      '[fd00:100::100:200]',
      '100.100.100.200',
      '[::ffff:100.100.100.200]',
      '168.63.129.16',
      '192.0.0.192',
      '0.0.0.0',
      '[::]',
      '224.0.0.1',
      '255.255.255.255',
      '127.1',
    ]) {
      const failure = await attempt(`${text}:${port}`, { allowPrivateEndpoints: true });
      expect([text, failure?.code]).toEqual([text, 'endpoint_refused']);
    }
    for (const address of ['169.254.169.254', 'fd00:ec2::254', 'fd20:ce::254', '100.100.100.200', '168.63.129.16']) {
      const failure = await attempt('s3.example.com', { allowPrivateEndpoints: true, lookup: resolvingTo(address) });
      expect([address, failure?.code]).toEqual([address, 'endpoint_refused']);
    }
  });

  it.each([
    ['127.0.0.1', '127.0.0.1:9', true],
    ['127.0.0.1:9', '127.0.0.1:9', true],
    ['127.0.0.1:9', '127.0.0.1:10', false],
    ['127.0.0.1:80', '127.0.0.1', true],
    ['127.0.0.1:443', '127.0.0.1', false],
    ['127.0.0.2', '127.0.0.1', false],
    ['localhost', '127.0.0.1', false],
    ['LocalHost', 'localhost', true],
    ['localhost', 'a.localhost', false],
    ['[::1]:9', '[::1]:9', true],
    ['127.0.0.1:9', '127.0.0.1.:9/s3', true],
    ['minio.internal', 'Minio.internal./s3', true],
    ['127.0.0.1:9', '127.0.0.1:10/127.0.0.1:9', false],
    ['localhost', 'localhost_/localhost', undefined],
  ])('given a list with %s, %s over plain HTTP is admitted: %s', (entry, text, admitted) => {
    const admit = () => admitEndpoint(text, false, ['minio.example.com:9000', entry]);
    if (admitted === undefined) expect(admit().reach).toBe('public');
    else if (admitted) expect(admit().reach).toBe('private');
    else expect(admit).toThrow(expect.objectContaining({ code: 'endpoint_refused' }));
  });

  it('given a list, a name that is not on it stays public', async () => {
    const failure = await attempt(`other.example.com:${port}`, {
      allowPrivateEndpoints: ['minio.example.com'],
      lookup: resolvingTo('127.0.0.1'),
    });
    expect(failure?.code).toBe('endpoint_refused');
    expect(connections).toBe(0);
  });

  it('given a list entry that is no endpoint, it is named', () => {
    expect(() => admitEndpoint('s3.example.com', true, ['http://minio'])).toThrow(/"http:\/\/minio" must be host/);
    expect(() => admitEndpoint('s3.example.com', true, ['minio.internal/s3'])).toThrow(/must be host\[:port\] only/);
  });
});

describe('the addresses that may be dialled', () => {
  const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));

  /** Written by hand from the IANA special-purpose registry, not from the library under test. */
  function isSpecial([a, b, c]: readonly number[]): boolean {
    if (a === undefined || b === undefined || c === undefined) return true;
    const twoLong = (a << 8) | b;
    const threeLong = (a << 16) | (b << 8) | c;
    return (
      [0, 10, 127].includes(a) ||
      a >= 224 ||
      (a === 100 && b >= 64 && b < 128) ||
      (a === 172 && b >= 16 && b < 32) ||
      [0xa9fe, 0xc0a8, 0xc612, 0xc613].includes(twoLong) ||
      [0xc00000, 0xc00002, 0xc05863, 0xc01fc4, 0xc034c1, 0xc0af30, 0xc63364, 0xcb0071].includes(threeLong)
    );
  }

  const special = fc.constantFrom(
    [0, 0],
    [10, 0],
    [100, 64],
    [127, 0],
    [169, 254],
    [172, 16],
    [172, 31],
    [192, 0],
    [192, 168],
    [198, 18],
    [198, 51],
    [203, 0],
    [224, 0],
    [240, 0],
    [255, 255],
  );
  const nearSpecial = fc.tuple(special, fc.nat(255), fc.nat(255)).map(([[a = 0, b = 0], c, d]) => [a, b, c, d]);

  it('given any IPv4 address, the public ones may and the special ones may not', () => {
    fc.assert(
      fc.property(fc.oneof(octets, nearSpecial), (address) => {
        expect(mayDial(address.join('.'), 'public')).toBe(!isSpecial(address));
      }),
      { numRuns: 500 },
    );
  });

  it('given an IPv4 address inside of an IPv6 one, only the plainly mapped public one may', () => {
    fc.assert(
      fc.property(fc.oneof(octets, nearSpecial), (address) => {
        const dotted = address.join('.');
        expect(mayDial(`::ffff:${dotted}`, 'public')).toBe(!isSpecial(address));
        for (const prefix of ['::ffff:0:', '64:ff9b::', '64:ff9b:1::', 'fe80::', 'fec0::', 'fc00::', '2001::']) {
          expect(mayDial(`${prefix}${dotted}`, 'public')).toBe(false);
        }
        const [a = 0, b = 0, c = 0, d = 0] = address;
        const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
        expect(mayDial(`2002:${hex}::`, 'public')).toBe(false);
        expect(mayDial(`::${hex}`, 'public')).toBe(false);
        expect(mayDial(`::${dotted}`, 'public')).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('given any IPv6 address, none outside of 2000::/3 may, but a mapped IPv4 one', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        if (!mayDial(address, 'public')) return;
        const first = Number.parseInt(address.split(':')[0] || '0', 16);
        expect((first >= 0x2000 && first < 0x4000) || /^[0:]*:ffff:/i.test(address)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('given any text that is no address, it may not', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom('127.1', '1', '0x8080808', '8.8.8', '08.8.8.8', '')),
        (text) => {
          fc.pre(!/^[0-9a-f.:]{7,}$/i.test(text));
          expect(mayDial(text, 'public')).toBe(false);
          expect(mayDial(text, 'private')).toBe(false);
        },
      ),
    );
  });
});
