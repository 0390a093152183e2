import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { createWebhookAddresses } from '#adapters/webhooks/webhook-addresses.ts';
import { handleWork } from '#core/dispatch/handle-work.ts';
import { handleJobs } from '#core/jobs/handle-jobs.ts';
import type { Failure } from '#core/model/errors.ts';
import type { Buckets } from '#core/model/ports/bucket.ts';
import type { ListedObject, ListingPage, ListRequest } from '#core/model/ports/listing.ts';
import type { Opener, Sealer } from '#core/model/ports/vault.ts';
import { defaultSyncSettings } from '#core/runs/sync-deps.ts';
import { createAssumableRoles } from '#core/source/assumable-roles.ts';
import { createHttpHandler, type HttpHandler } from '#http/create-http-handler.ts';
import { routes } from '#http/routes.ts';
import { type ApiKeys, noKeysNeeded } from '#http/table/api-keys.ts';
import type { FunctionName, HttpDeps } from '#http/table/deps.ts';
import { routeAt } from '#http/table/match-route.ts';
import { createFakeRoles } from '#support/fake-roles.ts';
import { createMemorySpools } from '#support/memory-spools.ts';
import { policedTable } from '#support/policed-table.ts';
import { createRecordingLog } from '#support/recording-log.ts';
import type { TableWriter } from '../../infra/aws/constructs/table-partitions.ts';

export const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYSECRETKEY';

/** What the roles that may be named here begin with. */
export const readers = 'arn:aws:iam::111122223333:role/read-';

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every shape
  readonly json: any;
};

export type CallOptions = {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly base64?: boolean;
};

/** A vault that forgets nothing and shows nothing: what it gives out has no trace of what went in. */
function createFakeVault(): Sealer & Opener {
  const kept = new Map<string, string>();
  return {
    async seal(plaintext, context) {
      const name = `sealed-${kept.size + 1}`;
      kept.set(`${name} ${JSON.stringify(context)}`, plaintext);
      return name;
    },
    async open(ciphertext, { kind, uid, field }) {
      const plaintext = kept.get(`${ciphertext} ${JSON.stringify({ kind, uid, field })}`);
      if (plaintext === undefined) throw new Error('cannot be opened');
      return plaintext;
    },
  };
}

function createFakeBuckets(objects: ListedObject[], state: { failure?: Failure }): Buckets {
  const list = (bucket: string, { prefix, startAfter = '', continuation, maxKeys }: ListRequest): ListingPage => {
    const after = continuation?.version === 2 ? continuation.token : startAfter;
    const left = objects.filter(({ key }) => key.startsWith(prefix) && key > after);
    const page = left.slice(0, maxKeys);
    const truncated = left.length > page.length;
    const next = truncated ? { nextToken: page.at(-1)?.key } : {};
    const document = { version: 2, root: 'ListBucketResult', wellFormed: true } as const;
    return { ...document, ...next, bucket, prefix, keyCount: page.length, truncated, objects: page };
  };
  return {
    open: ({ bucket, credentials }) => ({
      list: async (request) => {
        if (state.failure !== undefined) throw state.failure;
        const keys = 'take' in credentials ? await credentials.take() : credentials;
        if (keys.secretAccessKey !== secret) throw new Error('opened with another secret');
        return list(bucket, request);
      },
      head: async () => ({ status: 'missing' }),
      firstByte: async () => ({ status: 'missing' }),
      identify: async () => ({ status: 'found' }),
      describe: async (key) => {
        if (state.failure !== undefined) throw state.failure;
        const object = objects.find((one) => one.key === key);
        return object === undefined ? { status: 'missing' } : { ...describedBy(object), headers: someHeaders };
      },
      tags: async () => ({ status: 'found', tags: { team: 'red' } }),
      presign: async (key, seconds) => `https://bucket.test/${encodeURIComponent(key)}?expires=${seconds}`,
      close: () => undefined,
    }),
  };
}

const someHeaders = {
  ...{ contentType: 'application/pdf', metadata: { owner: 'somebody' }, checksums: {} },
  storageClass: 'STANDARD',
};

function describedBy({ size, etag, lastModified }: ListedObject) {
  return { status: 'found', size, etag, lastModified: Date.parse(lastModified) } as const;
}

export function listed(key: string, size = 3): ListedObject {
  return { key, size, etag: `etag-${key}`, lastModified: '2026-01-02T03:04:05.000Z', storageClass: 'STANDARD' };
}

export type Api = ReturnType<typeof createApi>;

/** The whole HTTP layer over an empty store, a bucket of three objects and a queue that waits to be worked off. */
export function createApi(options: { apiKeys?: ApiKeys; deps?: Partial<HttpDeps> } = {}) {
  const messages: unknown[] = [];
  const jobMessages: unknown[] = [];
  const log = createRecordingLog();
  const objects = [listed('a/1.pdf'), listed('a/b/2.pdf'), listed('c.txt')];
  /** What the bucket answers to a listing instead of its objects. */
  const source: { failure?: Failure } = {};
  const time = { now: Date.parse('2026-03-01T10:00:00Z') };
  let ids = 0;
  const nextId = (): string => {
    ids += 1;
    return `id${String(ids).padStart(23, '0')}`;
  };
  const vault = createFakeVault();
  const roles = createFakeRoles({ accessKeyId: 'ASIAEXAMPLE', secretAccessKey: secret, sessionToken: 'session' });
  const deps = {
    table: openSqliteTable(':memory:'),
    clock: { now: () => time.now },
    ids: { unique: nextId },
    log,
    queue: { send: async (message: unknown) => void messages.push(message) },
    jobs: { send: async (message: unknown) => void jobMessages.push(message) },
    holder: 'test',
    isAlive: () => true,
    leaseMs: 120_000,
    assumableRoles: createAssumableRoles([`${readers}*`], 'ask whoever runs it'),
    roles,
    sealer: vault,
    opener: vault,
    spools: createMemorySpools(),
    buckets: createFakeBuckets(objects, source),
    minimumIntervalSeconds: 10,
    webhookAddresses: createWebhookAddresses({ allowPrivateEndpoints: ['hooks.internal'] }),
    apiKeys: options.apiKeys ?? noKeysNeeded,
    ...options.deps,
  };
  // Each function writes what the policy of its role on AWS allows, and no more.
  const { table } = deps;
  const as = (writer: TableWriter) => ({ ...deps, table: policedTable(table, writer) });
  const handlers = { api: createHttpHandler(as('api'), 'api'), probe: createHttpHandler(as('probe'), 'probe') };
  return {
    ...deps,
    log,
    handlers,
    messages,
    jobMessages,
    taken: roles.taken,
    /** From now on AWS lets no role be taken. */
    refuseRoles: (failure: Failure) => {
      roles.failure = failure;
    },
    objects,
    source,
    time,
    call: (method: string, path: string, sent: CallOptions = {}) => call(handlers, method, path, sent),
    /** Performs what waits in the queue. */
    async work() {
      for (const message of messages.splice(0)) {
        time.now += 1000;
        await handleWork({ ...as('sync'), settings: defaultSyncSettings }, message);
      }
      for (const message of jobMessages.splice(0)) await handleJobs(as('jobs'), message);
    },
  };
}

async function call(
  handlers: Readonly<Record<FunctionName, HttpHandler>>,
  method: string,
  path: string,
  sent: CallOptions,
): Promise<Answer> {
  const event = eventOf(method, path, sent);
  const route = routeAt(routes, method, event.rawPath);
  const { statusCode = 0, headers = {}, body: text = '' } = await handlers[route?.fn ?? 'api'](event);
  return {
    status: statusCode,
    headers: headers as Record<string, string>,
    text,
    json: text === '' ? undefined : JSON.parse(text),
  };
}

/** The event that API Gateway makes of a request. */
export function eventOf(method: string, path: string, sent: CallOptions = {}): APIGatewayProxyEventV2 {
  const [rawPath = '', rawQueryString = ''] = path.split('?');
  const text = typeof sent.body === 'string' || sent.body === undefined ? sent.body : JSON.stringify(sent.body);
  const body = sent.base64 ? Buffer.from(text ?? '').toString('base64') : text;
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    headers: sent.headers ?? {},
    requestContext: {
      accountId: '1',
      apiId: 'a',
      domainName: 'a.test',
      domainPrefix: 'a',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '198.51.100.1', userAgent: 'test' },
      requestId: 'request-1',
      routeKey: '$default',
      stage: '$default',
      time: '01/Mar/2026:10:00:00 +0000',
      timeEpoch: 0,
    },
    ...(body === undefined ? {} : { body }),
    isBase64Encoded: sent.base64 ?? false,
  };
}

/** The body of the founding document's curl command, with a bucket that can be. */
export function datasourceBody(over: Record<string, unknown> = {}, config: Record<string, unknown> = {}) {
  return {
    name: 'My S3 Documents',
    type: 'connector',
    enabled: true,
    connector: {
      id: 's3',
      config: {
        access_key_id: 'AKIAEXAMPLE',
        secret_access_key: secret,
        bucket: 'your-bucket',
        endpoint: 'your-s3-service-endpoint',
        use_ssl: true,
        prefix: '',
        extensions: ['pdf', 'docx', 'txt'],
        ...config,
      },
    },
    sync: { enabled: true, interval: '5m' },
    ...over,
  };
}
