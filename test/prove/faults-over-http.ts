import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import type { RunRow } from '#core/runs/run.ts';
import type { Fault } from '#local/demo/s3-server/faults.ts';
import { makeToken } from '#local/demo/s3-server/listing.ts';
import { isListing, type S3Request } from '#local/demo/s3-server/request.ts';
import { bucketFacts, bucketName, createSyncWorld, recordFacts, type SyncWorld } from '#support/sync-world.ts';
import type { ListingFaultKind } from '../simulation/listing-faults.ts';

/** How a run ended that met a fault on the wire, and what should not have been. */
export type WireOutcome = {
  readonly problems: readonly string[];
  readonly status: RunRow['status'];
  readonly code: string | undefined;
};

const pageSize = 8;
const pages = 3;
const struckPage = 2;

/** Short, so that a server which never answers is given up soon; the SDK's own retries take place within it. */
const requestTimeoutMs = 1500;

/** Old enough that the bucket's clock cannot take the objects for written during the run. */
const longAgo = 1_700_000_000_000;

/** The same case as on the bucket model, of three pages, with the real S3 client and a server on this machine. */
export async function runWireCase(kind: ListingFaultKind): Promise<WireOutcome> {
  const world = await createSyncWorld({ buckets: createBuckets({ allowPrivateEndpoints: true, requestTimeoutMs }) });
  try {
    for (let number = 0; number < pages * pageSize; number += 1) put(world, keyAt(number), 'first');
    const { id } = await world.addDatasource({ config: { prefix: 'data/' }, sync: { page_size: pageSize } });
    await world.sync(id);
    const before = recordFacts(await world.catalogue(id)).map((record) => record.key);
    const gone: string[] = [];
    for (let start = 0; start < pages * pageSize; start += pageSize) {
      put(world, `${keyAt(start + 2)}.new.txt`, 'added');
      world.s3.delete(bucketName, keyAt(start + 4));
      gone.push(keyAt(start + 4));
      put(world, keyAt(start + 6), 'modified');
    }
    const hits = strike(world, kind, id);
    const run = await world.sync(id);
    const after = new Set(recordFacts(await world.catalogue(id)).map((record) => record.key));
    // What a foreign server is forgiven, the run completes with, and deletes what is gone.
    const mayGo = run.status === 'completed' ? new Set(gone) : new Set<string>();
    const lost = before.filter((key) => !after.has(key) && !mayGo.has(key));
    const problems = lost.map((key) => `${key} was removed`);
    if (!after.has(`${keyAt(2)}.new.txt`)) problems.push('the addition on the page before was not applied');
    if (hits() === 0) problems.push('the fault never struck');
    if (run.counters.deleted > mayGo.size) problems.push(`${run.counters.deleted} deleted`);
    world.s3.faults.clear();
    world.s3.beforeResponse = undefined;
    problems.push(...(await cleanProblems(world, id, kind)));
    return { problems, status: run.status, code: run.error?.code };
  } finally {
    await world.close();
  }
}

function put({ s3 }: SyncWorld, key: string, body: string): void {
  s3.put(bucketName, key, { body, lastModified: longAgo });
}

function keyAt(number: number): string {
  return `data/${String(number).padStart(5, '0')}.${number % pageSize === 3 ? 'csv' : 'txt'}`;
}

async function cleanProblems(world: SyncWorld, id: string, kind: ListingFaultKind): Promise<string[]> {
  const run = await world.sync(id);
  const expected = bucketFacts(world.s3).filter(({ key }) => kind !== 'config-changed' || key.endsWith('.txt'));
  const same = JSON.stringify(recordFacts(await world.catalogue(id))) === JSON.stringify(expected);
  return [
    ...(run.status === 'completed' ? [] : [`the clean run ended ${run.status}: ${run.message}`]),
    ...(same ? [] : ['the clean run left the catalogue different from the bucket']),
  ];
}

/** Arms the fault at the second page; returns how often it struck. */
function strike(world: SyncWorld, kind: ListingFaultKind, id: string): () => number {
  if (kind === 'config-changed') return changeConfigMeanwhile(world, id);
  const act = wireFaults[kind];
  if (!lasting.has(kind)) {
    const fault = world.s3.faults.add({ when: { operation: 'list', page: struckPage }, act });
    return () => fault.hits;
  }
  let begun = false;
  const when = (request: S3Request): boolean => {
    begun ||= isListing(request.operation) && request.page === struckPage;
    return begun;
  };
  const fault = world.s3.faults.add({ when, act });
  return () => fault.hits;
}

function changeConfigMeanwhile(world: SyncWorld, id: string): () => number {
  let hits = 0;
  world.s3.beforeResponse = async (request) => {
    if (!isListing(request.operation) || request.page !== struckPage || hits > 0) return;
    hits += 1;
    await world.change(id, { connector: { config: { extensions: ['txt'] } } });
  };
  return () => hits;
}

/** What does not pass with the page it struck first. */
const lasting: ReadonlySet<ListingFaultKind> = new Set(['key-revoked', 'bucket-gone', 'partial-listing']);

const wireFaults: Readonly<Record<Exclude<ListingFaultKind, 'config-changed'>, Fault>> = {
  throttled: { kind: 'status', status: 503, code: 'SlowDown' },
  timeout: { kind: 'status', status: 400, code: 'RequestTimeout' },
  hang: { kind: 'hang' },
  'slow-drip': { kind: 'drip', intervalMs: 50 },
  reset: { kind: 'reset' },
  'cut-xml': { kind: 'cut-body' },
  'empty-200': { kind: 'empty' },
  'html-200': { kind: 'html' },
  'error-in-200': { kind: 'error-in-200', code: 'AccessDenied' },
  'truncated-without-token': { kind: 'truncated-without-token' },
  'without-is-truncated': { kind: 'without-is-truncated' },
  'token-repeated': { kind: 'token-repeated' },
  'token-loop': { kind: 'page', alter: loopOn },
  'key-count': { kind: 'key-count', value: pageSize + 1 },
  'bucket-name': { kind: 'bucket-name', name: 'another-bucket' },
  'out-of-order': { kind: 'out-of-order' },
  'duplicate-key': { kind: 'duplicate-key' },
  'key-outside-prefix': { kind: 'key-outside-prefix' },
  forbidden: { kind: 'status', status: 403, code: 'AccessDenied' },
  'key-revoked': { kind: 'status', status: 403, code: 'InvalidAccessKeyId' },
  'bucket-gone': { kind: 'status', status: 404, code: 'NoSuchBucket' },
  'empty-listing': { kind: 'empty-listing' },
  'partial-listing': { kind: 'drop-keys', drop: (key) => Number(key.slice(5, 10)) % 5 !== 0 },
};

type WirePage = Parameters<Extract<Fault, { kind: 'page' }>['alter']>[0];

/** No key, and a token that differs from the one asked with and leads to this page again. */
function loopOn(page: WirePage): WirePage {
  const [a = '', b = ''] = ['', '0'].map((after) => makeToken({ after, page: struckPage }));
  return { ...page, objects: [], keyCount: 0, truncated: true, nextToken: page.query.token === a ? b : a };
}
