import { createServer } from 'node:http';
import { answer, type LoggedRequest, type Service } from './answer.ts';
import { Faults } from './fault-registry.ts';
import type { S3Request } from './request.ts';
import { S3Error } from './s3-error.ts';
import type { S3User } from './signature.ts';
import { makeObject, type ObjectContent, StoredBucket, type StoredObject } from './storage.ts';

export type S3ServerOptions = {
  /** Default: an ephemeral one. */
  readonly port?: number;
  /** Default: us-east-1. Requests signed for another region are refused. */
  readonly region?: string;
  /** The server's clock, epoch milliseconds; default: the real one. */
  readonly now?: () => number;
  /** Who may sign; default: one user, see `server.credentials`. */
  readonly credentials?: S3User | readonly S3User[];
};

/** A running server, and the same buckets without HTTP beside it. */
export type S3Server = {
  /** `127.0.0.1:port` */
  readonly endpoint: string;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  readonly region: string;
  /** The first user. */
  readonly credentials: S3User;
  readonly requests: readonly LoggedRequest[];
  readonly faults: Faults;
  /** Awaited for each authenticated request before it is carried out: may change buckets, or wait. */
  beforeResponse: ((request: S3Request) => Promise<void> | void) | undefined;
  clearRequests(): void;
  /** Does nothing when it is there. */
  createBucket(name: string): void;
  /** Throws S3Error for a missing bucket or a key that S3 cannot hold. */
  put(bucket: string, key: string, content?: ObjectContent): StoredObject;
  /** Returns whether the key was there. */
  delete(bucket: string, key: string): boolean;
  get(bucket: string, key: string): StoredObject | undefined;
  /** All objects, by UTF-8 bytes of their keys. */
  objects(bucket: string): readonly StoredObject[];
  /** Ends every connection, hanging ones too. */
  close(): Promise<void>;
};

const defaultUser: S3User = { accessKeyId: 'STOCKTAKETESTKEY', secretAccessKey: 'stocktake-test-secret' };

/** Starts a server on 127.0.0.1. Rejects when the port is taken. */
export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const service: Service = {
    state: { region: options.region ?? 'us-east-1', buckets: new Map(), markers: new Map() },
    users: [options.credentials ?? defaultUser].flat(),
    now: options.now ?? Date.now,
    faults: new Faults(),
    log: [],
    beforeResponse: (request) => server.beforeResponse?.(request),
  };
  const http = createServer((message, response) => void answer(service, message, response));
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = http.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const server: S3Server = {
    ...{ endpoint: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}`, port, region: service.state.region },
    credentials: service.users[0] ?? defaultUser,
    requests: service.log,
    faults: service.faults,
    beforeResponse: undefined,
    clearRequests: () => void service.log.splice(0),
    ...inProcess(service),
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  return server;
}

function inProcess({ state, now }: Service): Pick<S3Server, 'createBucket' | 'put' | 'delete' | 'get' | 'objects'> {
  const opened = (name: string): StoredBucket => {
    const bucket = state.buckets.get(name);
    if (!bucket) throw new S3Error('NoSuchBucket', `There is no bucket ${name}: create it first.`);
    return bucket;
  };
  return {
    createBucket: (name) => {
      if (!state.buckets.has(name)) state.buckets.set(name, new StoredBucket(name, now()));
    },
    put: (bucket, key, content = {}) => {
      const object = makeObject(key, content, now());
      opened(bucket).put(object);
      return object;
    },
    delete: (bucket, key) => opened(bucket).delete(key),
    get: (bucket, key) => opened(bucket).get(key),
    objects: (bucket) => opened(bucket).all(),
  };
}
