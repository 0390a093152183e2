import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  authorityProblem,
  endpointIdentity,
  endpointProblem,
  parseAuthority,
  parseEndpoint,
  tidyEndpoint,
} from '#core/source/endpoint.ts';

type Spelling = { text: string; host: string; port?: number; path?: string };
const vectors: { refuse: string[]; accept: string[]; refuse_as_path: string[]; other_spellings: Spelling[] } =
  JSON.parse(readFileSync(new URL('../../vectors/endpoints.json', import.meta.url), 'utf8'));

describe('the syntax of an endpoint', () => {
  it.each(vectors.accept)('given %s, it is read', (text) => {
    expect(endpointProblem(text)).toBeUndefined();
  });

  it.each([
    ['s3.amazonaws.com', { host: 's3.amazonaws.com' }],
    ['MinIO.Example.com:9000', { host: 'minio.example.com', port: 9000 }],
    ['localhost:9001', { host: 'localhost', port: 9001 }],
    ['127.0.0.1', { host: '127.0.0.1' }],
    ['[2606:4700:4700::1111]:9000', { host: '2606:4700:4700::1111', port: 9000 }],
    ['[::1]', { host: '::1' }],
    ['example.com:65535', { host: 'example.com', port: 65535 }],
  ])('given %s, host and port are told apart', (text, endpoint) => {
    expect(parseEndpoint(text)).toEqual(endpoint);
  });

  it.each([
    ['', 'host[:port]'],
    ['https://example.com', 'scheme'],
    ['//example.com', 'scheme'],
    ['user:pw@example.com', 'user'],
    ['user@example.com', 'user'],
    ['example.com?x', 'path'],
    ['example.com#x', 'path'],
    ['example.com\\@127.0.0.1', 'path'],
    ['::1', 'brackets'],
    ['[::1', 'brackets'],
    ['[::1]x', 'brackets'],
    ['[fe80::1%eth0]', 'IPv6'],
    ['[::ffff:0177.0.0.1]', 'IPv6'],
    ['[::g]', 'IPv6'],
    ['[127.0.0.1]', 'IPv6'],
    ['[]', 'IPv6'],
    ['example.com:', 'port'],
    ['example.com:0', '1–65535'],
    ['example.com:65536', '1–65535'],
    ['example.com:1e3', 'port'],
    ['example.com:80:80', 'port'],
    ['exa mple.com', 'DNS name'],
    ['example.com\n', 'DNS name'],
    ['-bad.example.com', 'DNS name'],
    ['bad-.example.com', 'DNS name'],
    ['example..com', 'DNS name'],
    ['example.com..', 'DNS name'],
    ['example.com?x/..', 'path'],
    ['[::1].', 'brackets'],
    ['.', 'DNS name'],
    ['münchen.example', 'DNS name'],
    ['１２７.0.0.1', 'IPv4'],
    [`${'a'.repeat(64)}.com`, 'DNS name'],
    [`${'a.'.repeat(127)}aa`, 'DNS name'],
  ])('given %j, the reason says what is wrong', (text, words) => {
    expect(endpointProblem(text)).toContain(words);
  });

  it.each(['127.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '0', '1.2.3', '1.2.3.4.5', '256.1.1.1', '0x'])(
    'given the odd IPv4 address %s, it is refused in every mode',
    (text) => {
      expect(endpointProblem(text)).toMatch(/IPv4|DNS name/);
    },
  );

  it.each(vectors.other_spellings)('given $text, host, port and path are told apart', ({ text, ...endpoint }) => {
    expect(parseEndpoint(text)).toEqual(endpoint);
  });

  it.each(vectors.refuse_as_path)('given %j, whose path could be read in two ways, it is refused', (text) => {
    expect(endpointProblem(text)).toEqual(expect.any(String));
  });

  it('given a path that is too long, it is refused', () => {
    expect(parseEndpoint(`example.com/${'a/'.repeat(255)}a`)).toHaveProperty('path');
    expect(endpointProblem(`example.com/${'a/'.repeat(256)}a`)).toContain('512');
    expect(endpointProblem(`example.com/${'a'.repeat(129)}`)).toContain('path');
  });

  it('given a path where host[:port] alone makes sense, it is refused', () => {
    for (const text of ['example.com/s3', 'example.com/', '127.0.0.1/x', 'example.com?x', 'u@example.com']) {
      expect([text, authorityProblem(text)]).toEqual([text, expect.stringContaining('host[:port] only')]);
    }
    expect(parseAuthority('Example.com.:9000')).toEqual({ host: 'example.com', port: 9000 });
  });

  it('given any text with a path, what is read of it reads the same as a URL', () => {
    fc.assert(
      fc.property(fc.webAuthority(), fc.string({ unit: 'binary' }), (authority, rest) => {
        const endpoint = parseEndpoint(`${authority}/${rest}`);
        if ('reason' in endpoint || endpoint.path === undefined) return;
        const url = new URL(`https://${authority}${endpoint.path}/bucket/key`);
        expect(url.pathname).toBe(`${endpoint.path}/bucket/key`);
        expect(url.hostname.replace(/^\[|\]$|\.$/g, '')).toBe(endpoint.host);
      }),
    );
  });

  it('given any text at all, it answers and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const endpoint = parseEndpoint(text);
        if ('reason' in endpoint) expect(endpoint.reason).not.toBe('');
        else expect(endpoint.host).toMatch(/^[a-z0-9_.:-]*[a-z0-9_:]$/);
      }),
    );
  });

  it('given any IPv4 address and port in plain decimal, they come back as they were', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 1, max: 65535 }), (host, port) => {
        expect(parseEndpoint(`${host}:${port}`)).toEqual({ host, port });
      }),
    );
  });

  it('given any IPv6 address, it is read in brackets only', () => {
    fc.assert(
      fc.property(fc.ipV6(), (host) => {
        expect(parseEndpoint(`[${host}]`)).toEqual({ host: host.toLowerCase() });
        expect(parseEndpoint(host)).toHaveProperty('reason');
      }),
    );
  });
});

describe('the spellings of one endpoint', () => {
  it.each([
    ['s3.example.com', 's3.example.com'],
    ['s3.example.com:09000', 's3.example.com:09000'],
    ['S3.Example.com.:9000', 'S3.Example.com:9000'],
    ['s3.example.com.', 's3.example.com'],
    ['s3.example.com/', 's3.example.com'],
    ['s3.example.com./A/b/', 's3.example.com/A/b'],
    ['[::1]:9000/s3/', '[::1]:9000/s3'],
    ['', ''],
  ])('given %j, it is kept as %j', (text, tidy) => {
    expect(tidyEndpoint(text)).toBe(tidy);
  });

  it('are one to what is catalogued, but for the case of a path', () => {
    const same = ['S3.example.com/Storage/v1', 's3.EXAMPLE.com./Storage/v1/', 's3.example.com/Storage/v1'];
    expect(new Set(same.map(endpointIdentity)).size).toBe(1);
    const others = ['s3.example.com/storage/v1', 's3.example.com/Storage', 's3.example.com', 's3.example.com:443'];
    expect(new Set([...same, ...others].map(endpointIdentity)).size).toBe(5);
  });

  it('given host[:port] as it could always be written, it is what it was: the text in lower case', () => {
    fc.assert(
      fc.property(fc.domain(), fc.option(fc.nat(99_999)), fc.boolean(), (host, port, upper) => {
        const text = `${upper ? host.toUpperCase() : host}${port === null ? '' : `:${String(port).padStart(5, '0')}`}`;
        expect(endpointIdentity(text)).toBe(text.toLowerCase());
        expect(tidyEndpoint(text)).toBe(text);
      }),
    );
  });
});
