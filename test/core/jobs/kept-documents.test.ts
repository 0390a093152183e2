import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { documentId, parseDocumentId } from '#core/catalogue/document-id.ts';
import { purgeData } from '#core/dispatch/purge-data.ts';
import { sweep } from '#core/dispatch/sweep.ts';
import { readDocument } from '#core/documents/read-document.ts';
import { keepDocument } from '#core/jobs/keep-document.ts';
import { keptDocumentId, parseKeptDocumentId, readKept } from '#core/jobs/kept-document.ts';
import { findKeptDocument, type KeptDocument, walkKeptDocuments } from '#core/jobs/kept-documents.ts';
import { parseInput } from '#core/model/parse-input.ts';
import { deleteConnectorCascade } from '#core/registry/changes/delete-connector-cascade.ts';
import { createConnector, replaceConnector } from '#core/registry/changes/save-connector.ts';
import { updateDatasourceFields } from '#core/registry/changes/save-datasource.ts';
import { type ConnectorRow, connectorInput } from '#core/registry/connector.ts';
import { readConnector } from '#core/registry/connector-store.ts';
import { purgePartition } from '#core/registry/purge-item.ts';
import { bucketName } from '#support/sync-world.ts';
import { createJobsWorld, type JobsWorld } from './jobs-world.ts';

let world: JobsWorld;
let connector: ConnectorRow;
beforeEach(async () => {
  world = await createJobsWorld();
  connector = await world.connector();
});
afterEach(() => world.close());

const pdf = { body: 'hello', contentType: 'application/pdf', tags: [{ key: 'team', value: 'red' }] };

async function process(keys: readonly string[], more = {}, on = connector): Promise<Record<string, unknown>[]> {
  const { job_ids } = await world.submit(on, keys, more);
  await world.workOff();
  return Promise.all(job_ids.map((id) => world.job(id)));
}

async function walked(after?: { connector: number; key: string }): Promise<KeptDocument[]> {
  const found: KeptDocument[] = [];
  for await (const document of walkKeptDocuments(world.table, after)) found.push(document);
  return found;
}

const keys = async () => (await walked()).map(({ key }) => key);

const kept = (key: string, on = connector) => readKept(world.table, on.owner, key);

describe('a job on a key that no datasource catalogues', () => {
  test('given an object, the job ends with a document of it, kept under the connector', async () => {
    world.s3.put(bucketName, 'a/x.pdf', pdf);
    const [job] = await process(['a/x.pdf']);
    const id = keptDocumentId(connector.number, 'a/x.pdf');
    expect(job).toMatchObject({ status: 'completed', record: 'kept', document_id: id });
    expect(await findKeptDocument(world.table, id)).toEqual({
      ...{ id, key: 'a/x.pdf', connector: connector.number, bucket: bucketName, processing_count: 1 },
      last_modified: expect.stringMatching(/Z$/),
    });
    expect(await kept('a/x.pdf')).toMatchObject({
      size: 5,
      storage_class: 'STANDARD',
      details: { content_type: 'application/pdf', tags: { team: 'red' } },
    });
  });

  test('given keys that are missing, refused or archived, there is no document', async () => {
    world.s3.put(bucketName, 'cold', { storageClass: 'GLACIER' });
    const jobs = await process(['gone', 'cold']);
    expect(jobs.map(({ document_id, failure_code }) => [document_id, failure_code])).toEqual([
      [null, 'object_missing'],
      [null, 'object_archived'],
    ]);
    expect(await walked()).toEqual([]);
  });

  test('given a pipeline without headers, the record has the state of the object and no details of its headers', async () => {
    world.s3.put(bucketName, 'x', pdf);
    await process(['x'], { pipeline_config: { processor: [{ s3_tags: {} }] } });
    const row = await kept('x');
    expect(row).toMatchObject({ size: 5, details: { tags: { team: 'red' } } });
    expect(row?.details.content_type).toBeUndefined();
  });

  test('given a pipeline without headers and an object that is gone or refused, the job says so', async () => {
    world.s3.put(bucketName, 'x', pdf);
    world.s3.faults.add({ when: { operation: 'HeadObject' }, act: { kind: 'status', status: 404, code: 'NotFound' } });
    const [job] = await process(['x'], { pipeline_config: { processor: [{ s3_tags: {} }] } });
    expect(job).toMatchObject({ status: 'failed', failure_code: 'object_missing', document_id: null });
  });

  test('given jobs again, the same version counts up, and another begins anew', async () => {
    world.s3.put(bucketName, 'x', { size: 1 });
    await process(['x']);
    await process(['x']);
    expect(await kept('x')).toMatchObject({ size: 1, processing_count: 2 });
    world.s3.put(bucketName, 'x', { size: 2 });
    await process(['x']);
    expect(await kept('x')).toMatchObject({ size: 2, processing_count: 1 });
    expect(await keys()).toEqual(['x']);
  });

  test('given an object that is gone since, its record stays', async () => {
    world.s3.put(bucketName, 'x');
    await process(['x']);
    world.s3.delete(bucketName, 'x');
    const [job] = await process(['x']);
    expect(job).toMatchObject({ status: 'failed', failure_code: 'object_missing' });
    expect(await keys()).toEqual(['x']);
  });
});

describe('jobs at once', () => {
  const keeper = () => ({ ...connector, target: 'target', bucket: bucketName });
  const object = { size: 1, etag: 'one', lastModified: 0, storageClass: 'STANDARD' };
  const at = (second: number) => ({ gathered_at: `2026-05-01T10:00:0${second}.000Z` });

  test('given ten of the same version, each is counted', async () => {
    const found = { key: 'x', object, details: at(1) };
    await Promise.all(Array.from({ length: 10 }, () => keepDocument(world.table, keeper(), found)));
    expect(await kept('x')).toMatchObject({ processing_count: 10 });
  });

  test('given one that gathered an older version and comes late, the newer one stands', async () => {
    const newer = { ...object, etag: 'two', size: 2 };
    await keepDocument(world.table, keeper(), { key: 'x', object: newer, details: at(5) });
    const late = await keepDocument(world.table, keeper(), { key: 'x', object, details: at(4) });
    expect([late, await kept('x')]).toMatchObject(['changed_meanwhile', { etag: 'two', details: at(5) }]);
  });

  test('given one that gathered the same version earlier, the later details stand and it is counted', async () => {
    await keepDocument(world.table, keeper(), { key: 'x', object, details: { ...at(5), tags: { a: '1' } } });
    await keepDocument(world.table, keeper(), { key: 'x', object, details: at(4) });
    expect(await kept('x')).toMatchObject({ processing_count: 2, details: { ...at(5), tags: { a: '1' } } });
  });
});

describe('a datasource that catalogues the key', () => {
  test('given one that comes later, its record is the document, under both ids, and counts are its own', async () => {
    for (const key of ['a/x', 'b/y', 'b/z']) world.s3.put(bucketName, key, { size: 3 });
    await process(['a/x', 'b/y']);
    const source = await world.datasource(connector, { config: { prefix: 'b/' } });
    expect(await keys()).toEqual(['a/x', 'b/y']);

    const run = await world.sync.sync(source.id);

    expect(run).toMatchObject({ status: 'completed', counters: { added: 2, deleted: 0 } });
    expect(await keys()).toEqual(['a/x']);
    const record = documentId(source.id, 'b/y');
    expect(await findKeptDocument(world.table, keptDocumentId(connector.number, 'b/y'))).toEqual({
      cataloguedAs: record,
    });
    expect(await readDocument(world.deps, record)).toMatchObject({ id: record });
    const [job] = await process(['b/y']);
    expect(job).toMatchObject({ record: 'updated', document_id: record });
    expect(await kept('b/y')).toMatchObject({ processing_count: 1 });
    expect(await world.sync.sync(source.id)).toMatchObject({ counters: { unchanged: 2, deleted: 0 } });
    expect(await kept('a/x')).toBeDefined();
  });

  test('given several that do, it is the one with the longest prefix', async () => {
    world.s3.put(bucketName, 'a/b/x');
    await process(['a/b/x']);
    const wide = await world.datasource(connector);
    const narrow = await world.datasource(connector, { config: { prefix: 'a/b/' } });
    const id = keptDocumentId(connector.number, 'a/b/x');
    await world.sync.sync(wide.id);
    expect(await findKeptDocument(world.table, id)).toEqual({ cataloguedAs: documentId(wide.id, 'a/b/x') });
    await world.sync.sync(narrow.id);
    expect(await findKeptDocument(world.table, id)).toEqual({ cataloguedAs: documentId(narrow.id, 'a/b/x') });
  });

  test('given one whose prefix takes the key in but that has not seen it yet, the job keeps a document meanwhile', async () => {
    const source = await world.datasource(connector);
    await world.sync.sync(source.id);
    world.s3.put(bucketName, 'new');
    const [job] = await process(['new']);
    expect(job).toMatchObject({ record: 'kept', document_id: keptDocumentId(connector.number, 'new') });
    expect(await keys()).toEqual(['new']);
    await world.sync.sync(source.id);
    expect(await keys()).toEqual([]);
  });

  test('given its object is gone, as a complete listing since says, what was kept of it does not rise again', async () => {
    for (const key of ['x', 'y', 'z']) world.s3.put(bucketName, key);
    await process(['x']);
    const source = await world.datasource(connector);
    world.time.now += 1000;
    await world.sync.sync(source.id);
    world.s3.delete(bucketName, 'x');
    world.time.now += 1000;
    expect(await world.sync.sync(source.id)).toMatchObject({ status: 'completed', counters: { deleted: 1 } });
    expect(await keys()).toEqual([]);
    const id = documentId(source.id, 'x');
    expect(await findKeptDocument(world.table, keptDocumentId(connector.number, 'x'))).toEqual({ cataloguedAs: id });
    expect(await readDocument(world.deps, id)).toBeUndefined();
  });

  test('given it was gone before its first listing, the same', async () => {
    world.s3.put(bucketName, 'x');
    world.s3.put(bucketName, 'y');
    await process(['x']);
    world.s3.delete(bucketName, 'x');
    const source = await world.datasource(connector);
    world.time.now += 1000;
    await world.sync.sync(source.id);
    expect(await keys()).toEqual([]);
  });

  test('given a listing that failed, or of another scope, it decides nothing', async () => {
    for (const key of ['a/x', 'b/y']) world.s3.put(bucketName, key);
    await process(['a/x']);
    const source = await world.datasource(connector, { config: { prefix: 'b/' } });
    world.time.now += 1000;
    await world.sync.sync(source.id);
    await updateDatasourceFields(world.deps, source.id, { connector: { config: { prefix: null } } });
    expect(await keys()).toEqual(['a/x']);
    world.s3.faults.add({ act: { kind: 'status', status: 403, code: 'AccessDenied' } });
    expect(await world.sync.sync(source.id)).toMatchObject({ status: 'failed' });
    expect(await keys()).toEqual(['a/x']);
  });

  test('given one of another bucket under the same connector, it has nothing to do with it', async () => {
    world.s3.put(bucketName, 'x');
    await process(['x']);
    world.s3.createBucket('another-bucket');
    world.s3.put('another-bucket', 'x');
    const source = await world.datasource(connector, { config: { bucket: 'another-bucket' } });
    await world.sync.sync(source.id);
    expect(await walked()).toMatchObject([{ key: 'x', bucket: bucketName }]);
  });

  test('given the connector has another bucket since, whose datasource has the same keys, what was kept of the first stays', async () => {
    world.s3.put(bucketName, 'x');
    await process(['x']);
    world.s3.createBucket('another-bucket');
    for (const key of ['x', 'y']) world.s3.put('another-bucket', key);
    const { accessKeyId: access_key_id, secretAccessKey: secret_access_key } = world.s3.credentials;
    const config = { ...connector.config, bucket: 'another-bucket', access_key_id, secret_access_key };
    const { row: moved } = await replaceConnector(
      world.deps,
      connector.id,
      { name: 'moved', config },
      { create: false },
    );
    await process(['y'], {}, moved);
    const source = await world.datasource(moved);
    await world.sync.sync(source.id);
    expect(await walked()).toMatchObject([{ key: 'x', bucket: bucketName }]);
  });

  test('given more than are looked up at once, in several ranges of keys, each is told once', async () => {
    const many = Array.from(
      { length: 230 },
      (_each, n) => `${n % 2 === 0 ? 'in' : 'out'}/${String(n).padStart(3, '0')}`,
    );
    for (const key of many) world.s3.put(bucketName, key);
    await process(many);
    const source = await world.datasource(connector, { config: { prefix: 'in/' } });
    await world.sync.sync(source.id);
    const left = many.filter((key) => key.startsWith('out/'));
    expect(await keys()).toEqual(left);
    const middle = left[57] ?? '';
    expect((await walked({ connector: connector.number, key: middle })).map(({ key }) => key)).toEqual(left.slice(58));
  });
});

describe('the connector', () => {
  const purgeMarks = async () => {
    const marks: string[] = [];
    for await (const { sk } of world.table.query({ pk: purgePartition })) marks.push(sk);
    return marks;
  };
  const purge = async () => {
    for (const uid of await purgeMarks()) await purgeData({ ...world.deps }, uid);
  };
  const remove = async () => {
    const row = await readConnector(world.table, connector.id);
    if (row !== undefined) await deleteConnectorCascade(world.deps, row);
  };

  test('given it is deleted, its documents are found no more, and purged, and those of others stay', async () => {
    const other = await world.connector();
    world.s3.put(bucketName, 'x');
    await process(['x']);
    await process(['x'], {}, other);
    await remove();
    expect((await walked()).map(({ connector: number }) => number)).toEqual([other.number]);
    expect(await findKeptDocument(world.table, keptDocumentId(connector.number, 'x'))).toBeUndefined();
    expect(await kept('x')).toBeDefined();
    world.sync.messages.splice(0);
    await sweep({ ...world.deps });
    expect(world.sync.messages).toMatchObject([{ message: { type: 'purge', uid: connector.owner } }]);
    await purge();
    expect(await kept('x')).toBeUndefined();
    expect(await kept('x', other)).toBeDefined();
  });

  test('given a job that was under way, what it keeps afterwards is purged too', async () => {
    world.s3.put(bucketName, 'x');
    await process(['x']);
    await remove();
    await purge();
    const object = { size: 1, etag: 'one', lastModified: 0, storageClass: 'STANDARD' };
    const details = { gathered_at: '2026-05-01T10:00:00.000Z' };
    await keepDocument(
      world.table,
      { ...connector, target: 't', bucket: bucketName },
      { key: 'late', object, details },
    );
    expect(await walked()).toEqual([]);
    world.time.now += 3_600_000;
    await purge();
    expect([await kept('late'), await purgeMarks()]).toEqual([undefined, []]);
    for await (const item of world.table.query({ pk: 'kept-by' })) expect(item).toBeUndefined();
  });

  test('given another one under the same id, it has no documents of the first', async () => {
    world.s3.put(bucketName, 'x');
    await process(['x']);
    await remove();
    const input = { id: connector.id, name: 'again', config: connector.config };
    const again = await createConnector(
      world.deps,
      parseInput(connectorInput, { ...input, config: { bucket: bucketName } }, 'the connector'),
    );
    expect(again.number).toBe(connector.number);
    expect(await findKeptDocument(world.table, keptDocumentId(again.number, 'x'))).toBeUndefined();
    expect(await walked()).toEqual([]);
    const object = { size: 1, etag: 'one', lastModified: 0, storageClass: 'STANDARD' };
    const details = { gathered_at: '2026-05-01T10:00:00.000Z' };
    await keepDocument(world.table, { ...again, target: 't', bucket: bucketName }, { key: 'own', object, details });
    expect(await keys()).toEqual(['own']);
  });
});

describe('ids', () => {
  test.each(['x', 'a/b c+d.pdf', 'größe/😀', 'k'.repeat(1024)])('given the key %s, its id leads back to it', (key) => {
    const id = keptDocumentId(7, key);
    expect(parseKeptDocumentId(id)).toEqual({ connector: 7, key });
    expect(id).toMatch(/^[A-Za-z0-9_.-]{1,1500}$/);
    // No datasource's id begins with an underscore
    expect(parseDocumentId(id)).toBeUndefined();
  });

  test.each([
    ['', '_', '_1', '_1.', '_.eA', '_x.eA', '1.eA', '_1.eA=', '_1.eB', '_01.eA', '_1.__8', `_1.${'A'.repeat(2000)}`],
  ])('given what no id looks like, it is none', (...texts) => {
    for (const text of texts) expect([text, parseKeptDocumentId(text)]).toEqual([text, undefined]);
  });
});
