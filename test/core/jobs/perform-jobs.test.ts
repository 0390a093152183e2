import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { documentId } from '#core/catalogue/document-id.ts';
import { readDocument } from '#core/documents/read-document.ts';
import { replaceConnector } from '#core/registry/changes/save-connector.ts';
import { bucketName } from '#support/sync-world.ts';
import { createJobsWorld, type JobsWorld, tally } from './jobs-world.ts';

let world: JobsWorld;
beforeEach(async () => {
  world = await createJobsWorld();
});
afterEach(() => world.close());

const rich = {
  body: 'hello',
  contentType: 'application/pdf',
  metadata: { owner: 'somebody' },
  tags: [{ key: 'team', value: 'red' }],
  headers: { 'x-amz-version-id': 'v7', 'x-amz-server-side-encryption': 'AES256', 'x-amz-checksum-crc32': 'AAAAAA==' },
};

describe('how a job ends', () => {
  test('given an object that is catalogued, its record has all that there is to know, and the job is completed', async () => {
    world.s3.put(bucketName, 'a/x.pdf', rich);
    const connector = await world.connector();
    const { id } = await world.datasource(connector);
    await world.sync.sync(id);
    const { jobs } = await world.submit(connector, ['a/x.pdf']);
    const document = documentId(id, 'a/x.pdf');
    expect(jobs).toEqual([{ filename: 'x.pdf', key: 'a/x.pdf', job_id: 1, status: 'queued', document_id: document }]);
    expect(await world.job(1)).toMatchObject({ status: 'queued', completed_at: null, failure_reason: null });

    await world.workOff();

    expect(await world.job(1)).toEqual({
      job_id: 1,
      status: 'completed',
      filename: 'x.pdf',
      key: 'a/x.pdf',
      failure_reason: null,
      failure_code: null,
      document_id: document,
      record: 'updated',
      execution_summary: { execution_id: 1, degraded: false, failure_reason: null },
      error: null,
      created_at: '2026-05-01T10:00:00.000Z',
      completed_at: '2026-05-01T10:00:00.000Z',
    });
    expect((await readDocument(world.deps, document))?.metadata).toMatchObject({
      key: 'a/x.pdf',
      content_type: 'application/pdf',
      user_metadata: { owner: 'somebody' },
      tags: { team: 'red' },
      checksums: { crc32: 'AAAAAA==' },
      encryption: { algorithm: 'AES256' },
      version_id: 'v7',
    });
  });

  test('given an object that nobody catalogued, the job is completed and makes no record in a catalogue', async () => {
    world.s3.put(bucketName, 'x', rich);
    const connector = await world.connector();
    const { id } = await world.datasource(connector);
    await world.submit(connector, ['x']);
    await world.workOff();
    expect(await world.job(1)).toMatchObject({ status: 'completed', record: 'kept' });
    expect(await world.sync.catalogue(id)).toEqual([]);
  });

  test('given each way to fail, each has a code and a reason of its own', async () => {
    const connector = await world.connector({ config: { prefix: 'in/' } });
    world.s3.put(bucketName, 'in/fine');
    world.s3.put(bucketName, 'in/cold', { storageClass: 'GLACIER' });
    world.s3.put(bucketName, 'in/colder', { storageClass: 'DEEP_ARCHIVE' });
    world.s3.put(bucketName, 'in/warmed', {
      storageClass: 'GLACIER',
      headers: { 'x-amz-restore': 'ongoing-request="false", expiry-date="Fri, 21 Dec 2029 00:00:00 GMT"' },
    });
    world.s3.put(bucketName, 'in/secret');
    world.s3.faults.add({
      when: { operation: 'HeadObject', key: 'in/secret' },
      act: { kind: 'status', status: 403, code: 'AccessDenied' },
    });
    const keys = ['in/fine', 'in/gone', 'in/cold', 'in/colder', 'in/warmed', 'in/secret', 'out/side', ''];
    const { accepted, rejected } = await world.submit(connector, keys);
    expect(accepted).toBe(6);
    expect(rejected).toEqual([
      { filename: 'side', key: 'out/side', error: expect.stringContaining('outside of the connector\'s prefix "in/"') },
      { filename: '', key: '', error: expect.stringContaining('must not be empty') },
    ]);
    await world.workOff();
    const jobs = await world.jobs();
    expect(Object.fromEntries(jobs.map(({ key, failure_code }) => [key, failure_code]))).toEqual({
      'in/fine': null,
      'in/warmed': null,
      'in/gone': 'object_missing',
      'in/cold': 'object_archived',
      'in/colder': 'object_archived',
      'in/secret': 'object_forbidden',
    });
    const reasons = new Set(jobs.map(({ failure_reason }) => failure_reason));
    expect(reasons.size).toBe(4);
  });

  test('given tags that may not be read, the job is completed, degraded, without them', async () => {
    world.s3.put(bucketName, 'x', rich);
    world.s3.faults.add({
      when: { operation: 'GetObjectTagging' },
      act: { kind: 'status', status: 403, code: 'AccessDenied' },
    });
    const connector = await world.connector();
    const { id } = await world.datasource(connector);
    await world.sync.sync(id);
    await world.submit(connector, ['x']);
    await world.workOff();
    expect(await world.job(1)).toMatchObject({ status: 'completed', execution_summary: { degraded: true } });
    const [record] = await world.sync.catalogue(id);
    expect(record?.details).toMatchObject({ content_type: 'application/pdf' });
    expect(record?.details?.tags).toBeUndefined();
  });

  test('given a pipeline_config without tags, nobody asks for them', async () => {
    world.s3.put(bucketName, 'x', rich);
    await world.submit(await world.connector(), ['x'], { pipeline_config: { processor: [{ s3_head: {} }] } });
    await world.workOff();
    expect(world.s3.requests.map(({ operation }) => operation)).toEqual(['HeadObject']);
    expect(await world.job(1)).toMatchObject({ status: 'completed', execution_summary: { degraded: false } });
  });

  test('given a connector that was changed meanwhile, the keys are not looked for elsewhere', async () => {
    const connector = await world.connector();
    await world.submit(connector, ['x']);
    await world.submit(connector, ['outside']);
    await replaceConnector(
      world.deps,
      connector.id,
      {
        name: 'moved',
        config: {
          ...{ bucket: 'another-bucket', endpoint: world.s3.endpoint, use_ssl: false },
          ...{ access_key_id: 'k', secret_access_key: 'another-secret' },
        },
      },
      { create: false },
    );
    await world.workOff();
    expect(tally(await world.jobs())).toEqual({ 'failed: connector_changed': 2 });
    expect(world.s3.requests).toEqual([]);
  });

  test('given a prefix that was narrowed meanwhile, a key outside of it fails', async () => {
    world.s3.put(bucketName, 'a/x');
    const connector = await world.connector();
    await world.submit(connector, ['a/x']);
    const { access_key_id: _id, ...config } = connector.config;
    await replaceConnector(
      world.deps,
      connector.id,
      {
        name: 'narrow',
        config: {
          ...config,
          prefix: 'b/',
          access_key_id: world.s3.credentials.accessKeyId,
          secret_access_key: world.s3.credentials.secretAccessKey,
        },
      },
      { create: false },
    );
    await world.workOff();
    expect(tally(await world.jobs())).toEqual({ 'failed: outside_prefix': 1 });
  });
});

describe('a source that does not answer', () => {
  test('given it comes back, the job waits for it and is completed', async () => {
    world.s3.put(bucketName, 'x');
    world.s3.put(bucketName, 'y');
    world.s3.faults.add({
      times: 3,
      when: { operation: 'HeadObject', key: 'x' },
      act: { kind: 'status', status: 503, code: 'SlowDown' },
    });
    await world.submit(await world.connector(), ['x', 'y']);
    await world.work();
    expect(await world.job(1)).toMatchObject({ status: 'running' });
    expect(await world.job(2)).toMatchObject({ status: 'completed' });
    expect(world.sent).toEqual([{ message: { type: 'jobs', first: 1 }, delaySeconds: 10 }]);
    await world.workOff();
    expect(tally(await world.jobs())).toEqual({ completed: 2 });
    expect(world.s3.requests.filter(({ key, method }) => key === 'y' && method === 'HEAD')).toHaveLength(1);
  });

  test('given it never does, the jobs fail after growing delays, and nothing is left over', async () => {
    world.s3.faults.add({ act: { kind: 'status', status: 500, code: 'InternalError' } });
    await world.submit(await world.connector(), ['x', 'y']);
    const delays: number[] = [];
    while (world.sent.length > 0) {
      delays.push(...world.sent.map(({ delaySeconds }) => delaySeconds));
      await world.work();
    }
    expect(delays).toEqual([0, 10, 30, 90, 270]);
    const jobs = await world.jobs();
    expect(tally(jobs)).toEqual({ 'failed: source_failed': 2 });
    expect(jobs[0]?.failure_reason).toMatch(/status 500/);
    for await (const item of world.table.query({ pk: 'job-batch' })) expect(item).toBeUndefined();
  }, 60_000);
});
