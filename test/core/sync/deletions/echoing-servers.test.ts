import { createServer, request as forward, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

type Passed = { readonly headers: Record<string, string>; readonly body: string };
type Change = (signature: string, request: IncomingMessage, passed: Passed) => Passed;

let world: SyncWorld;
let proxy: Server;
/** What the proxy before the server makes of an answer. */
let change: Change;

const asItIs: Change = (_signature, _request, passed) => passed;
const live = Array.from({ length: 30 }, (_each, index) => `key-${index + 10}`);

beforeEach(async () => {
  world = await createSyncWorld();
  change = asItIs;
  proxy = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const passed = forward({ host: '127.0.0.1', port: world.s3.port, method, path: url, headers }, async (answer) => {
      const pieces: Buffer[] = [];
      for await (const piece of answer) pieces.push(piece);
      const signature = /Signature=([0-9a-f]{64})/.exec(headers.authorization ?? '')?.[1] ?? '';
      const { 'transfer-encoding': _chunks, ...kept } = answer.headers as Record<string, string>;
      const told = change(signature, incoming, { headers: kept, body: Buffer.concat(pieces).toString() });
      const length = method === 'HEAD' ? {} : { 'content-length': String(Buffer.byteLength(told.body)) };
      outgoing.writeHead(answer.statusCode ?? 0, { ...told.headers, ...length }).end(told.body);
    });
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await world.close();
});

async function catalogued(): Promise<string> {
  for (const key of live) world.s3.put('sample-bucket', key);
  const endpoint = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const { id } = await world.addDatasource({ config: { endpoint }, sync: { page_size: 10 } });
  expect((await world.sync(id)).status).toBe('completed');
  return id;
}

async function keysOf(id: string): Promise<string[]> {
  return (await world.catalogue(id)).map(({ sk }) => sk);
}

const withoutKey = (body: string, key: string) => {
  const count = Number(/<KeyCount>(\d+)/.exec(body)?.[1] ?? 0);
  const left = body.replace(new RegExp(`<Contents><Key>${key}</Key>.*?</Contents>`, 's'), '');
  return left === body ? body : left.replace(/<KeyCount>\d+/, `<KeyCount>${count - 1}`);
};

const echoesWith: readonly (readonly [string, Change])[] = [
  [
    'in a key of each page, and leaves live keys out',
    (signature, _request, { headers, body }) => ({
      headers,
      body: withoutKey(body, 'key-15').replace('<Key>key-12</Key>', `<Key>key-12${signature}</Key>`),
    }),
  ],
  [
    'in a key of the last page alone, and leaves a live key of the first one out',
    (signature, _request, { headers, body }) => ({
      headers,
      body: withoutKey(body, 'key-15').replace('<Key>key-39</Key>', `<Key>key-39${signature}</Key>`),
    }),
  ],
  [
    'beside the listing, and lists nothing',
    (signature, _request, { headers, body }) => ({
      headers,
      body: `${body.replace(/<Contents>.*<\/Contents>/s, '').replace(/<KeyCount>\d+/, '<KeyCount>0')}<!--${signature}-->`,
    }),
  ],
  [
    'in the ETag of each HEAD, and leaves a live key out of its listing',
    (signature, { method }, { headers, body }) => ({
      headers: method === 'HEAD' ? { ...headers, etag: `"${signature}"` } : headers,
      body: withoutKey(body, 'key-15'),
    }),
  ],
  [
    'in the ETags of HEADs and GETs, and has a folder of the name of a live key that it leaves out',
    (signature, { url = '' }, { headers, body }) => ({
      headers: url.includes('key-15') ? { ...headers, etag: `"${signature}"` } : headers,
      body: withoutKey(body, 'key-15').replace('<Key>key-16</Key>', '<Key>key-15/a</Key>'),
    }),
  ],
];

test.each(echoesWith)(
  'given a server that repeats the signature %s, no live record is deleted',
  async (_label, echo) => {
    const id = await catalogued();
    change = echo;
    for (let time = 0; time < 3; time++) expect((await world.sync(id)).status).toBe('failed');
    expect(await keysOf(id)).toEqual(expect.arrayContaining(live));
    expect((await world.sync(id)).error?.message).toMatch(/the server repeats/i);
    change = asItIs;
    expect((await world.sync(id)).status).toBe('completed');
    expect(await keysOf(id)).toEqual(live);
  },
);

test('given that a server stops to repeat what it was sent, what was deleted meanwhile goes with the next run', async () => {
  const id = await catalogued();
  world.s3.delete('sample-bucket', 'key-20');
  change = (signature, _request, { headers, body }) => ({ headers, body: `${body}<!-- ${signature} -->` });
  const failed = await world.sync(id);
  expect([failed.status, failed.error?.code]).toEqual(['failed', 'listing_not_proved']);
  expect(await keysOf(id)).toEqual(live);
  change = asItIs;
  expect((await world.sync(id)).status).toBe('completed');
  expect(await keysOf(id)).toEqual(live.filter((key) => key !== 'key-20'));
});
