import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A refusal with an S3 error document. */
export type Refusal = { readonly status: number; readonly code: string };

/** In what a server differs from S3. Without any, its listing is S3's. */
export type Quirks = {
  /** How keys are written where url encoding was asked for; `percent` keeps `+`. `form`, as S3 does, by default. */
  readonly keys?: 'form' | 'percent' | 'plain';
  /** Written so even where it was not asked for. */
  readonly always?: boolean;
  /** How Prefix and NextMarker are written where url encoding was asked for. As keys are, by default. */
  readonly echoes?: 'form' | 'plain';
  /** The text of EncodingType; absent for none. `url` where it was asked for, by default. */
  readonly says?: string;
  readonly name?: string;
  readonly keyCount?: (rows: number) => string;
  /** The elements that follow KeyCount: IsTruncated and what leads on. */
  readonly end?: (end: { readonly truncated: boolean; readonly last: string; readonly after: number }) => string;
  /** The elements of a key's row; its text as it is written by default. */
  readonly row?: (key: string, text: string) => string | undefined;
  readonly refuses?: (query: URLSearchParams) => Refusal | undefined;
  readonly ignoresStartAfter?: boolean;
  /** The status of every HEAD. By whether the key is there, by default. */
  readonly head?: number;
};

export type QuirkyServer = {
  /** `127.0.0.1:port` */
  readonly endpoint: string;
  /** Methods and queries, in the order in which they came. */
  readonly requests: readonly { readonly method: string; readonly path: string; readonly query: URLSearchParams }[];
  close(): Promise<void>;
};

/** Starts a server on 127.0.0.1 with one bucket, `stock`, that lists these keys in the order in which they are given. */
export async function startQuirkyServer(keys: readonly string[], quirks: Quirks = {}): Promise<QuirkyServer> {
  const requests: { method: string; path: string; query: URLSearchParams }[] = [];
  const http = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://any');
    requests.push({ method: request.method ?? '', path: decodeURIComponent(url.pathname), query: url.searchParams });
    if (request.method === 'HEAD') return answerHead(decodeURIComponent(url.pathname), response, keys, quirks);
    return answerListing(url.searchParams, response, keys, quirks);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `127.0.0.1:${(http.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

type Answerer = (
  path: string,
  response: ServerResponse<IncomingMessage>,
  keys: readonly string[],
  quirks: Quirks,
) => void;

const answerHead: Answerer = (path, response, keys, { head }) => {
  const status = head ?? (keys.includes(path.replace(/^\/stock\//, '')) ? 200 : 404);
  const headers = { 'last-modified': 'Fri, 02 Jan 2026 03:04:05 GMT', etag: '"e"', 'content-length': '1' };
  response.writeHead(status, status === 200 ? headers : {}).end();
};

function answerListing(
  query: URLSearchParams,
  response: ServerResponse<IncomingMessage>,
  keys: readonly string[],
  quirks: Quirks,
): void {
  const refusal = quirks.refuses?.(query);
  if (refusal === undefined) response.end(listing(query, keys, quirks));
  else response.writeHead(refusal.status).end(`<Error><Code>${refusal.code}</Code></Error>`);
}

function listing(query: URLSearchParams, keys: readonly string[], quirks: Quirks): string {
  const version = query.get('list-type') === '2' ? 2 : 1;
  const prefix = query.get('prefix') ?? '';
  const inside = keys.filter((key) => key.startsWith(prefix));
  const from = beginning(query, inside, quirks);
  const after = from + Number(query.get('max-keys') ?? 1000);
  const page = inside.slice(from, after);
  const asked = query.has('encoding-type');
  const write = writers[asked || quirks.always ? (quirks.keys ?? 'form') : 'plain'];
  const echo = asked && quirks.echoes !== undefined ? writers[quirks.echoes] : write;
  const says = quirks.says ?? (asked && quirks.keys === undefined ? 'url' : '');
  const end = { truncated: after < inside.length, last: page.at(-1) ?? '', after };
  const count =
    version === 2 ? (quirks.keyCount?.(page.length) ?? `<KeyCount>${page.length}</KeyCount>`) : '<Marker></Marker>';
  return (
    `<ListBucketResult><Name>${quirks.name ?? 'stock'}</Name><Prefix>${escapeXml(echo(prefix))}</Prefix>${count}` +
    `${says === '' ? '' : `<EncodingType>${says}</EncodingType>`}${quirks.end?.(end) ?? endOf(version, end, echo)}` +
    `${page.map((key) => rowOf(key, write(key), quirks)).join('')}</ListBucketResult>`
  );
}

function beginning(query: URLSearchParams, inside: readonly string[], { ignoresStartAfter }: Quirks): number {
  const token = query.get('continuation-token');
  if (token !== null) return Number(token);
  const after = query.get('marker') ?? (ignoresStartAfter ? null : query.get('start-after'));
  if (after === null) return 0;
  const found = inside.findIndex((key) => key > after);
  return found === -1 ? inside.length : found;
}

function endOf(
  version: 1 | 2,
  { truncated, last, after }: { truncated: boolean; last: string; after: number },
  echo: Writer,
): string {
  if (!truncated) return '<IsTruncated>false</IsTruncated>';
  const next =
    version === 2
      ? `<NextContinuationToken>${after}</NextContinuationToken>`
      : `<NextMarker>${escapeXml(echo(last))}</NextMarker>`;
  return `<IsTruncated>true</IsTruncated>${next}`;
}

function rowOf(key: string, text: string, { row }: Quirks): string {
  const elements =
    row?.(key, text) ??
    `<Key>${escapeXml(text)}</Key><Size>1</Size><ETag>"e"</ETag><LastModified>2026-01-02T03:04:05.000Z</LastModified>`;
  return `<Contents>${elements}</Contents>`;
}

type Writer = (text: string) => string;

const percent: Writer = (text) => encodeURIComponent(text).replaceAll('%2F', '/');

const writers: Readonly<Record<'form' | 'percent' | 'plain', Writer>> = {
  form: (text) => percent(text).replaceAll('%20', '+'),
  percent: (text) => percent(text).replaceAll('%2B', '+'),
  plain: (text) => text,
};

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
