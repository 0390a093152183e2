import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a server repeats in its answer, where, and how it writes it. */
export type Echo = {
  readonly place: Place;
  readonly what: What;
  readonly write: (text: string) => string;
};

/** What of a request, or of what else a server may know, is repeated. */
export type What = 'secret' | 'token' | 'authorization' | 'signature';

export type EchoingServer = {
  /** `127.0.0.1:port` */
  readonly endpoint: string;
  /** Of all requests so far. */
  readonly signatures: ReadonlySet<string>;
  /** Resolves once the echo of a bucket was sent. */
  sent(bucket: string): Promise<void>;
  close(): Promise<void>;
};

type Answer = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string };

const isListing = (request: IncomingMessage) =>
  /\?(?:.*&)?(?:list-type|prefix|max-keys|encoding-type)=/.test(request.url ?? '');
const isTags = (request: IncomingMessage) => /[?&]tagging/.test(request.url ?? '');

const row = (key: string, more = '', etag = 'e') =>
  `<Contents><Key>${key}</Key><Size>1</Size><ETag>"${etag}"</ETag><LastModified>2026-01-02T03:04:05.000Z</LastModified>${more}</Contents>`;

const honestRow = row('a.txt');

function page(
  rows: string,
  change: { head?: string; name?: string; prefix?: string; end?: string; tail?: string } = {},
) {
  const { head = '', name, prefix = '', end = '<IsTruncated>false</IsTruncated>', tail = '' } = change;
  return (bucket: string): Answer => ({
    status: 200,
    body:
      `<ListBucketResult>${head}<Name>${name ?? bucket}</Name><Prefix>${prefix}</Prefix>` +
      `<KeyCount>${rows.split('<Contents>').length - 1}</KeyCount>${end}${rows}</ListBucketResult>${tail}`,
  });
}

const refusal = (code: string, inside: string, headers: Record<string, string> = {}, status = 403) => ({
  status,
  headers,
  body: `<Error><Code>${code}</Code>${inside}</Error>`,
});

/** Each place in the answer to a listing. `url` is for what is percent-encoded there, as asked. */
const listingPlaces = {
  key: (text, { url }) => page(row(url(text))),
  'key in a folder': (text, { url }) => page(`${row(`a/${url(text)}/z`)}`),
  'one of many keys': (text, { url }) =>
    page(`${Array.from({ length: 60 }, (_each, at) => row(`a-${at + 10}`)).join('')}${row(`b ${url(text)}`)}`),
  'two keys in no order': (text, { url }) => page(row(`z${url(text)}`) + row(`a${url(text)}`)),
  'odd key': (text, { url }) => page(`${honestRow}<Contents><Key>b${url(text)}</Key></Contents>`),
  'etag of a row': (text, { xml }) => page(row('a.txt', '', xml(text))),
  'storage class': (text, { xml }) => page(row('a.txt', `<StorageClass>${xml(text)}</StorageClass>`)),
  owner: (text, { xml }) =>
    page(row('a.txt', `<Owner><ID>${xml(text)}</ID><DisplayName>${xml(text)}</DisplayName></Owner>`)),
  'bucket name': (text, { xml }) => page(honestRow, { name: xml(text) }),
  'bucket name with a path':
    (text, { xml }) =>
    (bucket) =>
      page(honestRow, { name: xml(`${bucket}/${text}`) })(bucket),
  'prefix of the page': (text, { url }) => page(honestRow, { prefix: url(text) }),
  'root element': (text) => () => ({ status: 200, body: `<L-${text.replace(/[^\w.-]/g, '-')}/>` }),
  delimiter: (text, { xml }) => page(honestRow, { head: `<Delimiter>${xml(text)}</Delimiter>` }),
  'common prefix': (text, { url }) =>
    page(honestRow, { head: `<CommonPrefixes><Prefix>${url(text)}/</Prefix></CommonPrefixes>` }),
  'continuation token': (text, { xml }) =>
    page(honestRow, {
      end: `<IsTruncated>true</IsTruncated><NextContinuationToken>${xml(text)}</NextContinuationToken>`,
    }),
  'next marker': (text, { url }) =>
    page(honestRow, { end: `<IsTruncated>true</IsTruncated><NextMarker>${url(text)}</NextMarker>` }),
  'trailing bytes': (text) => page(honestRow, { tail: text }),
  'code of a refusal': (text) => () => refusal(text.slice(0, 64).replace(/[^A-Za-z0-9.]/g, '.'), ''),
  'message of a refusal':
    (text, { xml }) =>
    () =>
      refusal('AccessDenied', `<Message>you sent ${xml(text)} to me</Message>`),
  'message of a strange refusal':
    (text, { xml }) =>
    () =>
      refusal('Odd', `<Message>${xml(text)}</Message>`, {}, 400),
  'region of a refusal':
    (text, { xml }) =>
    () =>
      refusal('AuthorizationHeaderMalformed', `<Region>${xml(text.slice(0, 64))}</Region>`, {}, 400),
  'region in a message':
    (text, { xml }) =>
    () =>
      refusal(
        'AuthorizationHeaderMalformed',
        `<Message>wrong; expecting '${xml(text.slice(0, 64))}'</Message>`,
        {},
        400,
      ),
  'resource and request id':
    (text, { xml }) =>
    () =>
      refusal(
        'NoSuchBucket',
        `<Resource>${xml(text)}</Resource><RequestId>${xml(text)}</RequestId>`,
        { 'x-amz-request-id': text },
        404,
      ),
  'string to sign':
    (text, { xml }) =>
    () =>
      refusal(
        'SignatureDoesNotMatch',
        `<StringToSign>${xml(text)}</StringToSign><SignatureProvided>${xml(text)}</SignatureProvided>`,
      ),
  'redirect location': (text) => () => ({ status: 307, headers: { location: `http://127.0.0.1:1/${text}` } }),
  'bucket region header': (text) => () => ({ status: 301, headers: { 'x-amz-bucket-region': text.slice(0, 64) } }),
  'web page': (text) => () => ({ status: 400, headers: { 'content-type': text }, body: `<html><p>${text}</p></html>` }),
  'login of a proxy': (text) => () => ({ status: 401, headers: { 'www-authenticate': `Basic realm="${text}"` } }),
} satisfies Record<string, (text: string, spell: Spelling) => (bucket: string) => Answer>;

type Spelling = { readonly url: (text: string) => string; readonly xml: (text: string) => string };

const found = { 'last-modified': 'Fri, 02 Jan 2026 03:04:05 GMT', etag: '"e"', 'content-length': '1' };
const described = (headers: Record<string, string>, status = 200) => ({ status, headers: { ...found, ...headers } });

/** Each place in the answer to a HEAD of an object. */
const headPlaces = {
  'etag header': (text) => described({ etag: `"${text}"` }),
  'last-modified header': (text) => described({ 'last-modified': text }),
  'content-type header': (text) => described({ 'content-type': `text/plain; boundary=${text}` }),
  'cache-control header': (text) => described({ 'cache-control': text }),
  'metadata header': (text) => described({ 'x-amz-meta-note': text }),
  'metadata name': (text) => described({ [`x-amz-meta-${text.replace(/[^\w-]/g, '')}`]: 'v' }),
  'version id header': (text) => described({ 'x-amz-version-id': text }),
  'storage class header': (text) => described({ 'x-amz-storage-class': text }),
  'encryption key header': (text) =>
    described({ 'x-amz-server-side-encryption': 'aws:kms', 'x-amz-server-side-encryption-aws-kms-key-id': text }),
  'checksum header': (text) => described({ 'x-amz-checksum-sha256': text }),
  'refused head': (text) => described({ 'x-amz-request-id': text, etag: text }, 418),
} satisfies Record<string, (text: string) => Answer>;

/** Each place in the answer to a question for tags. */
const tagPlaces = {
  'key of a tag': (text, { xml }) => tagging(`<Tag><Key>${xml(text.slice(0, 500))}</Key><Value>v</Value></Tag>`),
  'value of a tag': (text, { xml }) => tagging(`<Tag><Key>k</Key><Value>${xml(text.slice(0, 500))}</Value></Tag>`),
  'message for tags': (text, { xml }) => refusal('Odd', `<Message>${xml(text)}</Message>`, {}, 400),
} satisfies Record<string, (text: string, spell: Spelling) => Answer>;

function tagging(tags: string): Answer {
  return { status: 200, body: `<Tagging><TagSet>${tags}</TagSet></Tagging>` };
}

export type Place = keyof typeof listingPlaces | keyof typeof headPlaces | keyof typeof tagPlaces;

export const places: readonly Place[] = [
  ...Object.keys(listingPlaces),
  ...Object.keys(headPlaces),
  ...Object.keys(tagPlaces),
] as Place[];

const xml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** As S3 does, where it was asked for. */
function spellingFor(request: IncomingMessage): Spelling {
  const isEncoded = request.url?.includes('encoding-type=url') === true;
  return { xml, url: isEncoded ? (text) => encodeURIComponent(text) : xml };
}

/**
 * Starts a server on 127.0.0.1 that knows one secret key and has the buckets that `echoes` names. Of each it repeats, in
 * one place of its answers, what that bucket's echo says; all else is as S3 has it, with one object, `a.txt`.
 */
export async function startEchoingServer(secretKey: string, echoes: ReadonlyMap<string, Echo>): Promise<EchoingServer> {
  const signatures = new Set<string>();
  const sent = new Map([...echoes.keys()].map((bucket) => [bucket, Promise.withResolvers<void>()]));
  const http = createServer((request, response) => {
    const bucket = (request.url ?? '').split(/[/?]/)[1] ?? '';
    const known = wordsOf(request, secretKey);
    if (known.signature !== '') signatures.add(known.signature);
    const echo = echoes.get(bucket);
    const answer = echo && echoIn(request, bucket, echo, echo.write(known[echo.what]));
    send(request, response, answer ?? honestAnswer(request, bucket));
    if (answer !== undefined) sent.get(bucket)?.resolve();
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `127.0.0.1:${(http.address() as AddressInfo).port}`,
    signatures,
    sent: async (bucket) => sent.get(bucket)?.promise,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

function wordsOf({ headers }: IncomingMessage, secret: string): Record<What, string> {
  const authorization = headers.authorization ?? '';
  const signature = /Signature=([0-9a-f]{64})/.exec(authorization)?.[1] ?? '';
  return { secret, token: String(headers['x-amz-security-token'] ?? ''), authorization, signature };
}

/** Undefined for a question that the place is not an answer to. */
function echoIn(request: IncomingMessage, bucket: string, { place }: Echo, text: string): Answer | undefined {
  const spell = spellingFor(request);
  if (request.method === 'HEAD' && place in headPlaces) return headPlaces[place as keyof typeof headPlaces](text);
  if (isTags(request) && place in tagPlaces) return tagPlaces[place as keyof typeof tagPlaces](text, spell);
  const isAsked = request.method === 'GET' && isListing(request) && place in listingPlaces;
  return isAsked ? listingPlaces[place as keyof typeof listingPlaces](text, spell)(bucket) : undefined;
}

function honestAnswer(request: IncomingMessage, bucket: string): Answer {
  if (request.method === 'HEAD') return described({});
  if (isTags(request)) return tagging('');
  return page(honestRow)(bucket);
}

function send({ method }: IncomingMessage, response: ServerResponse, { status, headers, body = '' }: Answer): void {
  response.writeHead(status, headers);
  response.end(method === 'HEAD' ? undefined : body);
}
