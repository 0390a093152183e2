import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';
import { isVersitygwThere, VERSITYGW_BINARY } from '#support/engine-paths.ts';

/** versitygw (https://github.com/versity/versitygw), an S3 server that is not ours; `npm run engines` builds it. */
const program = isVersitygwThere() ? VERSITYGW_BINARY : undefined;
if (!program) {
  const reason = 'versitygw is not there; npm run engines builds it where Go is on the PATH';
  if (process.env.CI) throw new Error(`In CI this suite must run: ${reason}`);
  console.log(`s3-server-versus-foreign: skipped, ${reason}`);
}

const credentials = { accessKeyId: 'STOCKTAKETESTKEY', secretAccessKey: 'stocktake-test-secret' };
const Bucket = 'compared';
/** A file system keeps no key that is also a folder of another, none with `.`, `..` or an empty part, none above 255 bytes a part. */
const keys = [
  ...['a', 'a b.txt', 'a+b.txt', '100%.csv', 'b/1', 'b/2', 'b/c/3', 'b-1', 'b.1', 'bb', 'z', 'Z', '_', '~t', "q'uote"],
  ...['한글/x.txt', '\uff5e', '😀', 'e\u0301.txt', '\u00e9.txt', 'semi;colon,comma:colon', 'q?x=1#frag', 'back\\slash'],
  ...['a&b<c>d"e', 'tab\there', 'star*(1)!', `${'d'.repeat(200)}/${'e'.repeat(200)}/${'f'.repeat(200)}`],
];

let ours: S3Server;
let clients: { ours: S3Client; foreign: S3Client };
let foreign: { process: ChildProcess; folder: string };

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  return typeof address === 'object' && address ? address.port : 0;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Resolves with the endpoint when the gateway listens. */
async function startForeign(path: string): Promise<string> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'stocktake-foreign-'));
  const secrets = { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey };
  const child = spawn(path, ['--port', `127.0.0.1:${port}`, 'posix', folder], { env: { ...process.env, ...secrets } });
  foreign = { process: child, folder };
  // Its announcement comes just before it listens; whoever stops reading its output ends it.
  child.stdout.resume();
  child.stderr.resume();
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`versitygw ended with ${child.exitCode}`);
  }
  return `http://127.0.0.1:${port}`;
}

const clientOf = (endpoint: string) =>
  new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });

describe.skipIf(!program)('our server beside versitygw', () => {
  beforeAll(async () => {
    ours = await startS3Server({ credentials });
    clients = { ours: clientOf(ours.url), foreign: clientOf(await startForeign(program ?? '')) };
    for (const client of Object.values(clients)) {
      await client.send(new CreateBucketCommand({ Bucket }));
      for (const Key of keys) await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    }
  });
  afterAll(async () => {
    for (const client of Object.values(clients)) client.destroy();
    foreign.process.kill();
    rmSync(foreign.folder, { recursive: true, force: true });
    await ours.close();
  });

  type Question = { Prefix?: string; Delimiter?: string; MaxKeys?: number; StartAfter?: string; EncodingType?: 'url' };

  /** Whether names are encoded is the answer's to say: versitygw knows no encoding-type and sends them plain. */
  const reader = (page: { EncodingType?: string | undefined }) => (text: string | undefined) =>
    page.EncodingType === 'url' ? decodeURIComponent((text ?? '').replaceAll('+', ' ')) : (text ?? '');

  async function pagesV2(client: S3Client, question: Question) {
    const pages = [];
    for (let ContinuationToken: string | undefined; ; ) {
      const page = await client.send(new ListObjectsV2Command({ Bucket, ...question, ContinuationToken }));
      const read = reader(page);
      pages.push({
        objects: page.Contents?.map(({ Key, Size, ETag, StorageClass }) => [read(Key), Size, ETag, StorageClass]),
        prefixes: page.CommonPrefixes?.map((prefix) => read(prefix.Prefix)),
        ...{
          name: page.Name,
          prefix: read(page.Prefix),
          delimiter: read(page.Delimiter),
          startAfter: read(page.StartAfter),
        },
        ...{ truncated: page.IsTruncated, hasToken: page.NextContinuationToken !== undefined },
        ...{ count: page.KeyCount, maxKeys: page.MaxKeys },
      });
      ContinuationToken = page.NextContinuationToken;
      if (!ContinuationToken) return pages;
    }
  }

  async function pagesV1(client: S3Client, question: Question) {
    const pages = [];
    for (let Marker: string | undefined; ; ) {
      const page = await client.send(new ListObjectsCommand({ Bucket, ...question, Marker }));
      const read = reader(page);
      const listed = page.Contents?.map((object) => read(object.Key)) ?? [];
      const prefixes = page.CommonPrefixes?.map((prefix) => read(prefix.Prefix)) ?? [];
      // AWS gives NextMarker only with a delimiter, versitygw always.
      const next = question.Delimiter ? read(page.NextMarker) : undefined;
      pages.push({ listed, prefixes, truncated: page.IsTruncated, next });
      Marker = read(page.NextMarker) || listed.at(-1);
      if (!page.IsTruncated) return pages;
    }
  }

  const sizes = [1, 2, 3, 1000];
  const questions: Question[] = [
    ...sizes.map((MaxKeys) => ({ MaxKeys })),
    ...sizes.map((MaxKeys) => ({ MaxKeys, EncodingType: 'url' as const })),
    ...sizes.map((MaxKeys) => ({ MaxKeys, Delimiter: '/', EncodingType: 'url' as const })),
    ...sizes.map((MaxKeys) => ({ MaxKeys, Delimiter: '/', Prefix: 'b/' })),
    ...[{ Prefix: 'b' }, { Prefix: 'b/c' }, { Prefix: 'nothing' }, { Prefix: '한글/', EncodingType: 'url' as const }],
    ...[{ Delimiter: 'b' }, { Delimiter: '-', Prefix: 'b' }, { MaxKeys: 0 }, { MaxKeys: 5000 }],
  ];
  const starts = ['a', 'a ', 'b', 'b/', 'b/1', 'b/c', 'b/c/3', 'c', '~', '\uff5e', '😀', 'Z'];

  test.each(questions)('given version 2 with %j, then both give the same pages', async (question) => {
    expect(await pagesV2(clients.ours, question)).toEqual(await pagesV2(clients.foreign, question));
  });

  test.each(starts)('given start-after %j, then both go on with the same key', async (StartAfter) => {
    for (const more of [{}, { Delimiter: '/' }, { Prefix: 'b/' }]) {
      const question: Question = { StartAfter, ...more, MaxKeys: 4, EncodingType: 'url' };
      expect(await pagesV2(clients.ours, question)).toEqual(await pagesV2(clients.foreign, question));
    }
  });

  test.each(questions.filter((question) => question.MaxKeys !== 0))(
    'given version 1 with %j, then both give the same pages',
    async (question) => {
      expect(await pagesV1(clients.ours, question)).toEqual(await pagesV1(clients.foreign, question));
    },
  );
});
