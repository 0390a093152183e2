import { handleJobs } from '#core/jobs/handle-jobs.ts';
import type { JobDeps } from '#core/jobs/perform-jobs.ts';
import { processingInput } from '#core/jobs/processing-input.ts';
import { listJobs, readJob } from '#core/jobs/read-job.ts';
import type { Submission } from '#core/jobs/submission.ts';
import { submitJobs } from '#core/jobs/submit-jobs.ts';
import { parseInput } from '#core/model/parse-input.ts';
import type { Buckets } from '#core/model/ports/bucket.ts';
import type { Table } from '#core/model/ports/table.ts';
import { createConnector } from '#core/registry/changes/save-connector.ts';
import { createDatasource } from '#core/registry/changes/save-datasource.ts';
import { type ConnectorRow, connectorInput } from '#core/registry/connector.ts';
import type { DatasourceRow } from '#core/registry/datasource.ts';
import { datasourceInput } from '#core/registry/datasource.ts';
import { bucketName, createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

export type JobMessageSent = { readonly message: unknown; readonly delaySeconds: number };

export type JobsWorld = {
  readonly sync: SyncWorld;
  readonly s3: SyncWorld['s3'];
  readonly table: Table;
  readonly time: { now: number };
  readonly deps: SyncWorld['deps'] & JobDeps;
  readonly sent: JobMessageSent[];
  connector(options?: { config?: object; enabled?: boolean }): Promise<ConnectorRow>;
  datasource(connector: ConnectorRow, options?: { config?: object; more?: object }): Promise<DatasourceRow>;
  submit(connector: ConnectorRow, keys: readonly string[], more?: object): Promise<Submission>;
  /** Handles the messages there are now, in order. */
  work(deps?: Partial<JobDeps>): Promise<void>;
  /** The same until none is left; time goes on by their delays. */
  workOff(): Promise<void>;
  job(number: number): Promise<Record<string, unknown>>;
  jobs(): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
};

/** Jobs with the real S3 client, on a table in memory, the test S3 server and a clock that stands still. */
export async function createJobsWorld(options: { buckets?: Buckets } = {}): Promise<JobsWorld> {
  const time = { now: Date.parse('2026-05-01T10:00:00Z') };
  const sync = await createSyncWorld({ ...options, clock: { now: () => time.now } });
  const sent: JobMessageSent[] = [];
  const jobs: JobDeps['jobs'] = {
    send: async (message, { delaySeconds = 0 } = {}) => void sent.push({ message, delaySeconds }),
  };
  const deps = { ...sync.deps, jobs };
  const work = async (over: Partial<JobDeps> = {}): Promise<void> => {
    for (const { message, delaySeconds } of sent.splice(0)) {
      time.now += delaySeconds * 1000;
      await handleJobs({ ...deps, ...over }, message);
    }
  };
  return {
    ...{ sync, s3: sync.s3, table: sync.table, time, deps, sent, work },
    close: sync.close,
    connector({ config = {}, enabled = true } = {}) {
      const { accessKeyId: access_key_id, secretAccessKey: secret_access_key } = sync.s3.credentials;
      const place = { bucket: bucketName, endpoint: sync.s3.endpoint, use_ssl: false };
      const whole = { ...place, access_key_id, secret_access_key, ...config };
      return createConnector(
        deps,
        parseInput(connectorInput, { name: 'samples', config: whole, processor: { enabled } }, 'the connector'),
      );
    },
    datasource(connector, { config = {}, more = {} } = {}) {
      const body = { type: 'connector', name: 'sample', connector: { id: connector.id, config }, ...more };
      return createDatasource(deps, parseInput(datasourceInput, body, 'the datasource'));
    },
    submit(connector, keys, more = {}) {
      const body = { source: { connector_id: connector.number, keys }, ...more };
      return submitJobs(deps, connector, parseInput(processingInput, body, 'the request'));
    },
    async workOff() {
      while (sent.length > 0) await work();
    },
    async job(number) {
      return (await readJob(deps, number)) ?? {};
    },
    async jobs() {
      return (await listJobs(deps, { page: 1, pageSize: 5000 })).items;
    },
  };
}

/** How many jobs ended in each way, or stand where. */
export function tally(jobs: readonly Record<string, unknown>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, failure_code } of jobs) {
    const name = failure_code === null ? String(status) : `${status}: ${failure_code}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
