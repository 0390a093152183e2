import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readErrorDocument } from '#adapters/s3/error-document.ts';
import { type ListingDocument, scanListing } from '#adapters/s3/listing-document.ts';
import { scanXml } from '#adapters/s3/xml-scan.ts';

const vectors: { keys: { key: string; encoded?: string }[] } = JSON.parse(
  readFileSync(new URL('../vectors/keys.json', import.meta.url), 'utf8'),
);

/** Read as it says that it is written. */
function readListingDocument(body: Uint8Array, maxKeys: number): ListingDocument & { shapedAsV1: boolean } {
  const listing = scanListing(body, maxKeys);
  return { ...listing.read(listing.saysEncoded ? 'form' : 'plain'), shapedAsV1: listing.shapedAsV1 };
}

function read(text: string, maxKeys = 1000) {
  return readListingDocument(Buffer.from(text), maxKeys);
}

const rest = '<Size>1</Size><LastModified>2026-01-02T03:04:05.000Z</LastModified>';

function contents(key: string, others = rest): string {
  return `<Contents><Key>${key}</Key>${others}</Contents>`;
}

function listing(inner: string) {
  return read(`<ListBucketResult>${inner}</ListBucketResult>`);
}

function keysOf(document: ListingDocument): string[] {
  expect(document.unreadable).toBeUndefined();
  expect(document.wellFormed).toBe(true);
  return document.objects.map(({ key }) => key);
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function encodeUrl(text: string): string {
  return encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%20', '+');
}

/** As AWS writes it. */
const fromAws = `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>stock</Name><Prefix>a/</Prefix><StartAfter>a%2F0</StartAfter><NextContinuationToken>1ueG/cDe&amp;==</NextContinuationToken><KeyCount>2</KeyCount><MaxKeys>2</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><Contents><Key>a/a+b.txt</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e-3&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumAlgorithm>SHA256</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>5497558138880</Size><Owner><ID>someone</ID><DisplayName>Key</DisplayName></Owner><StorageClass>GLACIER</StorageClass><RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress><Key>not this one</Key></RestoreStatus></Contents><Contents><Key>a/%F0%9F%98%80</Key><LastModified>2026-01-02T03:04:05Z</LastModified><Size>0</Size></Contents></ListBucketResult>
`;

describe('reading a listing', () => {
  it('given what AWS answers, all that counts is read and the rest passed over', () => {
    expect(read(fromAws)).toEqual({
      root: 'ListBucketResult',
      wellFormed: true,
      shapedAsV1: false,
      bucket: 'stock',
      prefix: 'a/',
      nextToken: '1ueG/cDe&==',
      keyCount: 2,
      truncated: true,
      objects: [
        {
          key: 'a/a b.txt',
          size: 5497558138880,
          etag: 'd41d8cd98f00b204e9800998ecf8427e-3',
          lastModified: '2026-01-02T03:04:05.678Z',
          storageClass: 'GLACIER',
        },
        { key: 'a/😀', size: 0, etag: '', lastModified: '2026-01-02T03:04:05.000Z', storageClass: 'STANDARD' },
      ],
    });
  });

  it.each(['<KeyCount>0</KeyCount>', '<NextContinuationToken>t</NextContinuationToken>'])(
    'given a Marker beside %s, it is no older answer',
    (inner) => {
      expect(listing(`<Marker/>${inner}`).shapedAsV1).toBe(false);
    },
  );

  it('given an older server, with EncodingType after the keys, spaces between and empty elements, it is read', () => {
    const document = read(`\ufeff<?xml version='1.0' encoding='utf-8' standalone="yes"?>
      <!-- a comment with <Key> -->
      <ListBucketResult xmlns='x' a="1 > 0"  >
        <Name>stock</Name> <Prefix/> <Marker></Marker> <NextMarker>b%2Bc</NextMarker><Delimiter />
        <IsTruncated>true</IsTruncated>
        <Contents >
          <Key>b%2Bc</Key > <LastModified>2026-01-02T03:04:05.123456789Z</LastModified> <ETag>"x"</ETag> <Size>1</Size>
          <StorageClass/>
        </Contents>
        <CommonPrefixes/>
        <EncodingType>url</EncodingType>
      </ListBucketResult>
      <!-- end -->`);
    expect(document).toEqual({
      root: 'ListBucketResult',
      wellFormed: true,
      shapedAsV1: true,
      bucket: 'stock',
      prefix: '',
      nextMarker: 'b+c',
      readings: { nextMarker: ['b%2Bc'] },
      truncated: true,
      objects: [{ key: 'b+c', size: 1, etag: 'x', lastModified: '2026-01-02T03:04:05.123Z', storageClass: 'STANDARD' }],
    });
  });

  it.each(vectors.keys.map(({ key, encoded }) => [key, encoded ?? encodeUrl(key)]))(
    'given the key %j, it comes back byte-equal with and without url encoding',
    (key, encoded) => {
      expect(keysOf(listing(contents(escapeXml(key))))).toEqual([key]);
      expect(keysOf(listing(`<EncodingType>url</EncodingType>${contents(encoded)}`))).toEqual([key]);
    },
  );

  it('given keys of 1,024 bytes, they are read; one byte more cannot be a key', () => {
    const ascii = 'k'.repeat(1024);
    const wide = `${'漢'.repeat(341)}x`;
    expect(keysOf(listing(contents(ascii) + contents(wide)))).toEqual([ascii, wide]);
    for (const long of [`${ascii}k`, `${wide}x`]) {
      const document = listing(contents('a') + contents(long));
      expect(document.odd).toEqual([{ reason: 'a Key of more than 1,024 bytes' }]);
      expect(document).toMatchObject({ objects: [{ key: 'a' }], lastRow: long });
    }
    expect(listing(contents('k'.repeat(20_000))).unreadable).toBe('a Key of more than 1,024 bytes by far');
  });

  it('given character references, decimal and hexadecimal, they are resolved, control characters among them', () => {
    const key = '&#13;&#xD;&#10;&#x1F600;&#128512;&#1;&#x000041;&lt;&gt;&amp;&quot;&apos;&amp;amp;';
    expect(keysOf(listing(contents(key)))).toEqual(['\r\r\n😀😀\u0001A<>&"\'&amp;']);
  });

  it('given raw line ends in a key, they stay what they are', () => {
    expect(keysOf(listing(contents('a\rb\r\nc\nd')))).toEqual(['a\rb\r\nc\nd']);
  });

  it('given CDATA and comments inside of a text, the text is put together', () => {
    expect(keysOf(listing(contents('a<![CDATA[<&amp;]]>b<!-- no -->c')))).toEqual(['a<&amp;bc']);
  });

  it('given "+" and "%" without EncodingType url, they mean themselves', () => {
    expect(keysOf(listing(contents('a+b%20c')))).toEqual(['a+b%20c']);
  });

  it.each([
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02T03:04:05.1Z', '2026-01-02T03:04:05.100Z'],
    ['2026-01-02T03:04:05.9999999Z', '2026-01-02T03:04:05.999Z'],
    ['2026-01-02t03:04:05z', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02T03:04:05+02:00', '2026-01-02T01:04:05.000Z'],
    ['2026-01-02T23:04:05.5-01:30', '2026-01-03T00:34:05.500Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['1970-01-01T00:00:00.000Z', '1970-01-01T00:00:00.000Z'],
  ])('given the time %s, it is %s', (text, normal) => {
    const document = listing(`<Contents><Key>k</Key><Size>1</Size><LastModified>${text}</LastModified></Contents>`);
    expect(document.objects[0]?.lastModified).toBe(normal);
  });

  it.each([
    ['Tue, 13 Mar 2018 17:25:04 GMT', '2018-03-13T17:25:04.000Z'],
    ['Fri, 02 Jan 2026 03:04:05 UTC', '2026-01-02T03:04:05.000Z'],
    ['Thu, 29 Feb 2024 00:00:00 +0000', '2024-02-29T00:00:00.000Z'],
    ['2026-01-02T03:04:05', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02T03:04:05.123456', '2026-01-02T03:04:05.123Z'],
    ['2026-01-02t03:04:05.5', '2026-01-02T03:04:05.500Z'],
  ])('given the time %s, as other servers write it, it is %s and that is told', (text, normal) => {
    const document = listing(`<Contents><Key>k</Key><Size>1</Size><LastModified>${text}</LastModified></Contents>`);
    expect(document.objects[0]?.lastModified).toBe(normal);
    expect(document.forgiven).toEqual(['last_modified_spelling']);
  });

  it.each([
    '',
    'yesterday',
    '2026-01-02',
    '2026-01-02 03:04:05Z',
    '2026-13-02T03:04:05Z',
    '2026-02-30T03:04:05Z',
    '2026-02-29T03:04:05Z',
    '2026-02-29T03:04:05',
    '2026-04-31T03:04:05Z',
    '2026-01-00T03:04:05Z',
    '2026-01-02T24:00:00Z',
    '2026-01-02T03:60:05Z',
    '0000-01-01T00:00:00+01:00',
    'Fri, 02 Jan 2026 03:04:05 CET',
    'Fri, 02 Foo 2026 03:04:05 GMT',
    'Fri, 31 Feb 2026 03:04:05 GMT',
    'Fri, 2 Jan 26 03:04:05 GMT',
    '1767323045',
  ])('given the time %j, the object is an odd row whose key is known', (text) => {
    const document = listing(`<Contents><Key>k</Key><Size>1</Size><LastModified>${text}</LastModified></Contents>`);
    expect(document.odd).toEqual([{ key: 'k', reason: 'a missing or impossible LastModified' }]);
    expect(document.objects).toEqual([]);
  });

  it.each(['', '-5', '1e20', '1.5', '0x10', ' 1', '9007199254740992', '99999999999999999999', 'NaN'])(
    'given the size %j, the object is an odd row whose key is known',
    (text) => {
      const document = listing(
        `<Contents><Key>k</Key><Size>${text}</Size><LastModified>2026-01-02T03:04:05Z</LastModified></Contents>`,
      );
      expect(document.odd).toEqual([{ key: 'k', reason: 'a missing or impossible Size' }]);
    },
  );

  const encoded = '<EncodingType>url</EncodingType>';

  it.each([
    ['an object without Key', `<Contents>${rest}</Contents>`, undefined, 'without a Key'],
    ['an empty object', '<Contents/>', undefined, 'without a Key'],
    ['an empty Key', contents(''), undefined, 'Key is empty'],
    ['no Size', '<Contents><Key>k</Key><LastModified>2026-01-02T03:04:05Z</LastModified></Contents>', 'k', 'Size'],
    ['no LastModified', '<Contents><Key>k</Key><Size>1</Size></Contents>', 'k', 'LastModified'],
    ['two Keys', contents('a</Key><Key>b'), undefined, 'strange Key'],
    ['three Keys', contents('a</Key><Key>b</Key><Key>c'), undefined, 'strange Key'],
    ['a Key with elements', contents('<b>x</b>'), undefined, 'strange Key'],
    ['two Sizes', contents('k', `${rest}<Size>2</Size>`), 'k', 'strange Size'],
    ['a broken escape', `${encoded}${contents('a%2')}`, undefined, 'not properly URL-encoded'],
    ['an escape that is no UTF-8', `${encoded}${contents('a%ff')}`, undefined, 'not properly URL-encoded'],
    ['U+0000', `${encoded}${contents('a%00b')}`, undefined, 'U+0000'],
    ['U+0000 as it is', contents('a\u0000b'), undefined, 'U+0000'],
    ['U+FFFD in place of a character', contents('ctl\ufffdx'), undefined, 'U+FFFD'],
    ['U+FFFD as a reference', contents('ctl&#xFFFD;x'), undefined, 'U+FFFD'],
    ['U+FFFD under url encoding', `${encoded}${contents('ctl\ufffdx')}`, undefined, 'U+FFFD'],
    ['an unknown entity', contents('&nbsp;'), undefined, 'strange Key'],
    ['a lone ampersand', contents('a & b'), undefined, 'strange Key'],
    ['a reference to a surrogate', contents('&#xD800;'), undefined, 'strange Key'],
    ['a reference to NUL', contents('&#0;'), undefined, 'strange Key'],
    ['a reference beyond Unicode', contents('&#x110000;'), undefined, 'strange Key'],
    ['a lone ampersand in an ETag', contents('k', `${rest}<ETag>a&b</ETag>`), 'k', 'strange ETag'],
    ['a long ETag', contents('k', `${rest}<ETag>${'e'.repeat(513)}</ETag>`), 'k', 'impossibly long ETag'],
    ['a long class', contents('k', `${rest}<StorageClass>${'S'.repeat(65)}</StorageClass>`), 'k', 'long StorageClass'],
  ])('given %s, that row is odd, and the others are objects', (_label, inner, key, words) => {
    const document = listing(`${contents('before')}${inner}${contents('behind')}`);
    expect(document.objects.map((object) => object.key)).toEqual(['before', 'behind']);
    expect(document.odd).toEqual([{ ...(key && { key }), reason: expect.stringContaining(words) }]);
    expect([document.unreadable, document.wellFormed]).toEqual([undefined, true]);
  });

  it('given U+FFFD that was encoded, it is a character of the key', () => {
    expect(keysOf(listing(`${encoded}${contents('a%EF%BF%BDb')}`))).toEqual(['a\ufffdb']);
  });

  it('given a bad entity in a field that nobody reads, the object is there and it is told', () => {
    const document = listing(contents('a', `${rest}<Owner><DisplayName>A&T &copy; &#0;</DisplayName></Owner>`));
    expect(document).toMatchObject({ objects: [{ key: 'a' }], forgiven: ['entity'] });
    expect(document.odd).toBeUndefined();
  });

  it.each([
    ['a broken Prefix', `${encoded}<Prefix>%</Prefix>`, ['prefix_spelling'], { readings: { prefix: ['%'] } }],
    ['a Prefix with a lone ampersand', '<Prefix>A&T/</Prefix>', ['entity', 'prefix_spelling'], {}],
    [
      'a broken NextMarker',
      `${encoded}<NextMarker>%zz</NextMarker>`,
      ['next_marker'],
      { readings: { nextMarker: ['%zz'] } },
    ],
    ['a NextMarker with U+FFFD', '<NextMarker>a\ufffd</NextMarker>', ['next_marker'], { readings: { nextMarker: [] } }],
    ['a Name with elements', '<Name><b/></Name>', ['name'], {}],
    ['a KeyCount in words', '<KeyCount>two</KeyCount>', ['key_count'], {}],
    ['a negative KeyCount', '<KeyCount>-1</KeyCount>', ['key_count'], {}],
    ['IsTruncated True', '<IsTruncated>True</IsTruncated>', ['truncated_spelling'], { truncated: true }],
    ['IsTruncated 1', '<IsTruncated>1</IsTruncated>', ['truncated_spelling'], { truncated: true }],
    ['IsTruncated with spaces', '<IsTruncated> true\n</IsTruncated>', ['truncated_spelling'], { truncated: true }],
    ['IsTruncated FALSE', '<IsTruncated>FALSE</IsTruncated>', ['truncated_spelling'], { truncated: false }],
    ['IsTruncated 0', '<IsTruncated>0</IsTruncated>', ['truncated_spelling'], { truncated: false }],
    ['an IsTruncated of another kind', '<IsTruncated>maybe</IsTruncated>', ['truncated_spelling'], {}],
    ['an empty IsTruncated', '<IsTruncated/>', ['truncated_spelling'], {}],
  ])('given %s, the document is read and it is told', (_label, inner, forgiven, told) => {
    const document = listing(inner + contents('a'));
    expect(document).toEqual({
      ...{ root: 'ListBucketResult', wellFormed: true, shapedAsV1: false, forgiven, ...told },
      objects: [expect.objectContaining({ key: 'a' })],
    });
  });

  it.each([
    ['IsTruncated twice', '<IsTruncated>true</IsTruncated><IsTruncated>false</IsTruncated>', 'repeated IsTruncated'],
    ['IsTruncated with elements', '<IsTruncated><a/></IsTruncated>', 'strange or repeated IsTruncated'],
    ['a token with a lone ampersand', '<NextContinuationToken>a&b</NextContinuationToken>', 'NextContinuationToken'],
    ['a token with U+FFFD', '<NextContinuationToken>a\ufffd</NextContinuationToken>', 'token that is no text'],
    ['CommonPrefixes of another kind', '<CommonPrefixes>a/</CommonPrefixes>', 'CommonPrefixes'],
    [
      'a common prefix with a lone ampersand',
      '<CommonPrefixes><Prefix>a&b/</Prefix></CommonPrefixes>',
      'CommonPrefixes',
    ],
    ['a common prefix with U+FFFD', '<CommonPrefixes><Prefix>\ufffd/</Prefix></CommonPrefixes>', 'common prefix'],
    ['a broken common prefix', `${encoded}<CommonPrefixes><Prefix>%</Prefix></CommonPrefixes>`, 'common prefix'],
    ['elements without end', '<a>'.repeat(1000), 'deep'],
  ])('given %s, the document cannot be read and says so', (_label, inner, words) => {
    expect(listing(inner).unreadable).toContain(words);
  });

  it('given common prefixes, they are read as keys are, several in one element too', () => {
    const inner =
      '<CommonPrefixes><Prefix>a%2Bb/</Prefix><Prefix>c+d/</Prefix></CommonPrefixes><Delimiter>/</Delimiter>';
    const document = listing(`${encoded}${inner}<CommonPrefixes><Prefix>e/</Prefix></CommonPrefixes>${contents('f')}`);
    expect(document).toMatchObject({ commonPrefixes: ['a+b/', 'c d/', 'e/'], delimiter: '/', objects: [{ key: 'f' }] });
  });

  it('given bytes that are not UTF-8, the rows that hold them are odd and no others', () => {
    const inner = contents('a') + contents('é') + contents('z', `${rest}<Owner><DisplayName>é</DisplayName></Owner>`);
    const document = readListingDocument(Buffer.from(`<ListBucketResult>${inner}</ListBucketResult>`, 'latin1'), 1000);
    expect(document.objects.map(({ key }) => key)).toEqual(['a', 'z']);
    expect(document).toMatchObject({ odd: [{ reason: expect.stringContaining('U+FFFD') }], forgiven: ['utf_8'] });
  });

  it('given another encoding by name, it is unreadable', () => {
    const named = `<?xml version="1.0" encoding="ISO-8859-1"?><ListBucketResult></ListBucketResult>`;
    expect(read(named).unreadable).toContain('UTF-8');
  });

  it.each([
    ['<!DOCTYPE html><html><body>Hello</body></html>'],
    ['<!doctype html>'],
    ['<!DOCTYPE l [<!ENTITY a "b">]><ListBucketResult></ListBucketResult>'],
  ])('given %s, the DOCTYPE is refused', (text) => {
    expect(read(text).unreadable).toContain('DOCTYPE');
  });

  it.each([
    ['', ''],
    ['plain text', ''],
    ['{"json": true}', ''],
    ['<html><body>Hello</body></html>', 'html'],
    ['<Error><Code>AccessDenied</Code></Error>', 'Error'],
    ['<s3:ListBucketResult xmlns:s3="x"></s3:ListBucketResult>', 's3:ListBucketResult'],
  ])('given %j, the root is %j and nothing is taken for a listing', (text, root) => {
    const document = read(text);
    expect(document).toMatchObject({ root, objects: [] });
    expect(document.bucket).toBeUndefined();
  });

  it.each([
    '<ListBucketResult>',
    '<ListBucketResult><Contents>',
    '<ListBucketResult></Contents></ListBucketResult>',
    '<ListBucketResult><Contents></ListBucketResult></Contents>',
    '<ListBucketResult></ListBucketResult',
    '<ListBucketResult></ListBucketResultX>',
    '<ListBucketResult></ListBucketResult>x',
    'x<ListBucketResult></ListBucketResult>',
    '<ListBucketResult></ListBucketResult><ListBucketResult></ListBucketResult>',
    '<ListBucketResult><Name a="></ListBucketResult>',
    '<ListBucketResult><1></1></ListBucketResult>',
    '<ListBucketResult>< Name></Name></ListBucketResult>',
    '<ListBucketResult><!-- </ListBucketResult>',
    '<ListBucketResult><![CDATA[ </ListBucketResult>',
    '<?xml <ListBucketResult></ListBucketResult>',
    '</ListBucketResult>',
    '<',
    '<>',
  ])('given %j, it is not well formed', (text) => {
    expect(read(text)).toMatchObject({ wellFormed: false });
  });

  it('given an answer cut anywhere, it is never well formed', () => {
    const whole = fromAws.trimEnd();
    for (let length = 0; length < whole.length; length++) {
      expect([length, read(whole.slice(0, length)).wellFormed]).toEqual([length, false]);
    }
  });

  it('given any keys, they come back byte-equal, in whatever way they are written', () => {
    const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).filter((text) => !text.includes('\u0000'));
    const reference = (text: string) =>
      [...text].map((character) => `&#x${character.codePointAt(0)?.toString(16)};`).join('');
    fc.assert(
      fc.property(fc.array(key, { maxLength: 5 }), (keys) => {
        expect(keysOf(listing(keys.map((text) => contents(escapeXml(text))).join('')))).toEqual(keys);
        expect(keysOf(listing(keys.map((text) => contents(reference(text))).join('')))).toEqual(keys);
        const encoded = keys.map((text) => contents(encodeUrl(text))).join('');
        expect(keysOf(listing(`${encoded}<EncodingType>url</EncodingType>`))).toEqual(keys);
      }),
    );
  });

  it('given any bytes, or a listing with any piece replaced, it answers and never throws', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('<', '>', '</', '/>', '&', ';', '<!--', '-->', '<![CDATA[', ']]>', '"'),
    );
    fc.assert(
      fc.property(fc.nat(fromAws.length), fc.nat(30), piece, fc.uint8Array(), (at, length, text, bytes) => {
        expect(read(fromAws.slice(0, at) + text + fromAws.slice(at + length))).toHaveProperty('root');
        expect(readListingDocument(bytes, 1000)).toHaveProperty('root');
        readErrorDocument(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  it('given hostile bodies of 8 MB, each is read in time linear to its length', () => {
    const size = 8_000_000;
    const fill = (text: string) => `<ListBucketResult>${text.repeat(size / text.length)}`;
    const bodies = [
      '<Contents></Contents>',
      '<a b="',
      '<!-- ',
      '&lt;',
      '&',
      '<a b="x">',
      '<Key>',
      ']]>',
      '<![CDATA[',
      '<?xml a',
      'x',
    ];
    // Quadratic time would be minutes for each; the limit of the test as a whole is what fails it.
    for (const text of bodies) expect(read(fill(text)).wellFormed).toBe(false);
    const name = read(`<ListBucketResult><Name>${'&amp;'.repeat(size / 5)}</Name></ListBucketResult>`);
    expect(name.unreadable).toBe('a Name element longer than 8,192 characters');
  });
});

describe('a listing that is more than was asked for', () => {
  it('given as many keys as asked for, they are read; given one more, the reading ends there', () => {
    expect(keysOf(read(`<ListBucketResult>${contents('a')}${contents('b')}</ListBucketResult>`, 2))).toEqual([
      'a',
      'b',
    ]);
    const more = `<ListBucketResult>${contents('a')}${contents('b')}${contents('c').repeat(1000)}</ListBucketResult>`;
    const document = read(more, 2);
    expect(document.objects.map(({ key }) => key)).toEqual(['a', 'b']);
    expect([document.unreadable, document.wellFormed]).toEqual(['too many keys: asked were 2, and more came', false]);
  });

  it('given 300,000 keys, the reading ends at the first one too many', () => {
    const body = Buffer.from(`<ListBucketResult>${contents('k').repeat(300_000)}</ListBucketResult>`);
    const document = readListingDocument(body, 1000);
    expect(document.objects).toHaveLength(1000);
    expect(document.unreadable).toContain('too many keys');
  });

  it.each(['<x/>', '<x></x>', '<Contents><Owner></Owner></Contents>'])(
    'given a million of %s, it ends early',
    (text) => {
      expect(read(`<ListBucketResult>${text.repeat(1_000_000)}</ListBucketResult>`, 1000).unreadable).toMatch(
        /more elements than 1000 keys can have|too many keys/,
      );
    },
  );

  it('given many elements inside of one object, they count', () => {
    const inside = `<Key>a</Key>${rest}${'<x></x>'.repeat(1100)}`;
    expect(read(`<ListBucketResult><Contents>${inside}</Contents></ListBucketResult>`, 1).unreadable).toContain(
      'more elements than 1 keys',
    );
  });

  it('given a token that nothing could send back, it is unreadable', () => {
    const token = `<NextContinuationToken>${'t'.repeat(8193)}</NextContinuationToken>`;
    expect(listing(token).unreadable).toContain('NextContinuationToken');
  });

  it('given more common prefixes than asked for, the reading ends there', () => {
    const prefixes = '<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>'.repeat(3);
    expect(read(`<ListBucketResult>${prefixes}</ListBucketResult>`, 2).unreadable).toContain('too many keys');
  });
});

describe('reading an error', () => {
  it('given an S3 error, its code, region and words are read', () => {
    const text = `<?xml version="1.0"?><Error><Code>AuthorizationHeaderMalformed</Code><Message>secret</Message><Region>eu-west-1</Region></Error>`;
    expect(readErrorDocument(Buffer.from(text))).toEqual({
      code: 'AuthorizationHeaderMalformed',
      region: 'eu-west-1',
      message: 'secret',
      dislikesListType: false,
    });
  });

  it('given a message about requester-pays, it is seen', () => {
    const text = '<Error><Code>AccessDenied</Code><Message>This is a Requester Pays bucket</Message></Error>';
    expect(readErrorDocument(Buffer.from(text)).wantsRequesterToPay).toBe(true);
  });

  it.each([
    ['<ArgumentName>list-type</ArgumentName>', true],
    ['<Message>list-type must not be 2</Message>', true],
    ['<ArgumentName>marker</ArgumentName>', false],
  ])('given %s, a complaint about list-type is seen: %s', (inner, dislikesListType) => {
    const text = `<Error><Code>InvalidArgument</Code>${inner}</Error>`;
    expect(readErrorDocument(Buffer.from(text))).toMatchObject({ code: 'InvalidArgument', dislikesListType });
  });

  it.each([
    '<Error><Code>AKIA1234 secret/+</Code><Region>http://evil</Region></Error>',
    '<html><Code>AccessDenied</Code></html>',
    '<Error><Code><b>AccessDenied</b></Code></Error>',
    'nothing',
    '',
  ])('given %j, no code and no region are taken from it', (text) => {
    expect(readErrorDocument(Buffer.from(text))).toEqual({ dislikesListType: false });
  });
});

describe('scanning XML', () => {
  it('given nested elements, each is told once with its depth, and text only of innermost ones', () => {
    const told: unknown[] = [];
    const outcome = scanXml('<a>x<b c="d">y</b>z<e/></a>', {
      start: (name, depth) => void told.push(['start', name, depth]),
      end: (name, depth, text) => void told.push(['end', name, depth, text]),
    });
    expect(outcome).toEqual({ root: 'a', wellFormed: true });
    expect(told).toEqual([
      ['start', 'a', 1],
      ['start', 'b', 2],
      ['end', 'b', 2, 'y'],
      ['start', 'e', 2],
      ['end', 'e', 2, ''],
      ['end', 'a', 1, undefined],
    ]);
  });
});
