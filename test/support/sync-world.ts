import { createRandomIds } from '#adapters/process/random-ids.ts';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import type { Acting } from '#core/audit/audit-write.ts';
import { readRanges } from '#core/catalogue/range-map.ts';
import { type RecordRow, readRecord, recordPartition } from '#core/catalogue/record.ts';
import { handleWork } from '#core/dispatch/handle-work.ts';
import { compareKeys } from '#core/keys/byte-order.ts';
import { parseInput } from '#core/model/parse-input.ts';
import type { Buckets } from '#core/model/ports/bucket.ts';
import type { Clock } from '#core/model/ports/host.ts';
import type { Opener, Sealer } from '#core/model/ports/vault.ts';
import { replaceConnector } from '#core/registry/changes/save-connector.ts';
import { createDatasource, updateDatasourceFields } from '#core/registry/changes/save-datasource.ts';
import { connectorInput } from '#core/registry/connector.ts';
import { type DatasourceRow, datasourceInput, datasourcePatch } from '#core/registry/datasource.ts';
import { readDatasource } from '#core/registry/datasource-store.ts';
import type { RunRow } from '#core/runs/run.ts';
import { type RunRequest, startRun } from '#core/runs/start-run.ts';
import { defaultSyncSettings, type SyncDeps, type SyncSettings } from '#core/runs/sync-deps.ts';
import type { MergeDeps } from '#core/source/merge-config.ts';
import { performRun } from '#core/sync/run/perform-run.ts';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';
import { noRoles } from '#support/fake-roles.ts';
import { type CountingTable, countWrites } from './counting-table.ts';
import { createMemorySpools } from './memory-spools.ts';
import { createRecordingLog } from './recording-log.ts';
import { somebody } from './somebody.ts';

export const bucketName = 'sample-bucket';

/** A vault that keeps nothing secret, but minds the context. */
export const openVault: Sealer & Opener = {
  seal: async (plaintext, context) => JSON.stringify([context, plaintext]),
  async open(ciphertext, context) {
    const [sealedFor, plaintext] = JSON.parse(ciphertext);
    if (JSON.stringify(sealedFor) !== JSON.stringify(context)) throw new Error('sealed for another owner');
    return plaintext;
  },
};

export type SyncWorld = {
  readonly s3: S3Server;
  readonly table: CountingTable;
  readonly deps: SyncDeps & MergeDeps & Acting & { readonly minimumIntervalSeconds: number };
  readonly log: ReturnType<typeof createRecordingLog>;
  readonly messages: { message: unknown; delaySeconds: number }[];
  /** Adds a datasource on the sample bucket; `config` and the rest override. */
  addDatasource(options?: { config?: object; sync?: object; id?: string }): Promise<DatasourceRow>;
  change(id: string, patch: object): Promise<DatasourceRow>;
  /** Has the connector of them all say how many seconds a whole run may take. */
  limitRuns(seconds: number): Promise<void>;
  /** Starts a run by hand and performs it; throws if another one is on. */
  sync(id: string, request?: Partial<RunRequest>): Promise<RunRow>;
  /** Handles the queued messages there are now, in order. */
  work(): Promise<void>;
  /** Live records in key order. */
  catalogue(id: string): Promise<RecordRow[]>;
  close(): Promise<void>;
};

/** The real use cases and the real S3 client, on a table in memory and the test S3 server. */
export async function createSyncWorld(
  options: { settings?: Partial<SyncSettings>; clock?: Clock; buckets?: Buckets; holder?: string } = {},
): Promise<SyncWorld> {
  const s3 = await startS3Server();
  s3.createBucket(bucketName);
  const sqlite = openSqliteTable(':memory:');
  const table = countWrites(sqlite);
  const log = createRecordingLog();
  const messages: SyncWorld['messages'] = [];
  const holder = options.holder ?? 'this-boot';
  const deps: SyncWorld['deps'] = {
    ...somebody,
    table,
    log,
    clock: options.clock ?? { now: () => Date.now() },
    ids: createRandomIds(),
    ...noRoles,
    spools: createMemorySpools(),
    sealer: openVault,
    opener: openVault,
    buckets:
      options.buckets ??
      createBuckets({
        allowPrivateEndpoints: true,
        requestTimeoutMs: 2000,
        patience: { wait: () => Promise.resolve() },
      }),
    queue: {
      async send(message, sent) {
        messages.push({ message, delaySeconds: sent?.delaySeconds ?? 0 });
      },
    },
    holder,
    isAlive: (other) => other === holder,
    leaseMs: 120_000,
    settings: { ...defaultSyncSettings, ...options.settings },
    minimumIntervalSeconds: 10,
  };

  const catalogue = async (id: string): Promise<RecordRow[]> => {
    const row = await readDatasource(table, id);
    const records: RecordRow[] = [];
    for (const range of await readRanges(table, row?.uid ?? '')) {
      for await (const item of table.query({ pk: recordPartition(row?.uid ?? '', range.id) })) {
        const record = readRecord(item);
        if (record.gone === undefined) records.push(record);
      }
    }
    return records.sort((one, other) => compareKeys(one.sk, other.sk));
  };

  return {
    s3,
    table,
    deps,
    log,
    messages,
    catalogue,
    addDatasource({ config = {}, sync = {}, id } = {}) {
      const { accessKeyId, secretAccessKey } = s3.credentials;
      const keys = { access_key_id: accessKeyId, secret_access_key: secretAccessKey };
      const whole = { bucket: bucketName, endpoint: s3.endpoint, use_ssl: false, ...keys, ...config };
      const body = { type: 'connector', name: 'sample', connector: { id: 's3', config: whole }, sync, id };
      return createDatasource(deps, parseInput(datasourceInput, body, 'the datasource'));
    },
    change: (id, patch) => updateDatasourceFields(deps, id, parseInput(datasourcePatch, patch, 'the datasource')),
    async limitRuns(max_running_timeout_in_seconds) {
      const body = { name: 'S3', processor: { max_running_timeout_in_seconds } };
      await replaceConnector(deps, 's3', parseInput(connectorInput, body, 'the connector'), { create: false });
    },
    async sync(id, request = {}) {
      const start = await startRun(deps, { datasource: id, trigger: 'manual', inProcess: true, ...request });
      if (start.outcome !== 'started') throw new Error(`no run was started: ${start.outcome}`);
      return performRun(deps, start);
    },
    async work() {
      for (const { message } of messages.splice(0)) await handleWork(deps, message);
    },
    async close() {
      await s3.close();
      sqlite.close();
    },
  };
}

/** What a catalogue must hold of a bucket, in the same form as recordFacts. */
export function bucketFacts(s3: S3Server, bucket = bucketName) {
  return s3.objects(bucket).map(({ key, size, etag, lastModified, storageClass }) => ({
    key,
    size,
    etag,
    lastModified: new Date(lastModified).toISOString(),
    storageClass,
  }));
}

export function recordFacts(records: readonly RecordRow[]) {
  return records.map(({ sk, size, etag, last_modified, storage_class }) => ({
    key: sk,
    size,
    etag,
    lastModified: last_modified,
    storageClass: storage_class,
  }));
}
