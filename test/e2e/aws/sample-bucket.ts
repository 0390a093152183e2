import type { S3Server } from '#local/demo/s3-server/server.ts';
import { bucketFacts } from '#support/sync-world.ts';
import type { CloudApi } from './cloud-api.ts';

export const bucket = 'sample-bucket';

const day = 86_400_000;
const uploaded = Date.UTC(2026, 0, 1);

/** Keys as they are found in the wild, each one ending in an extension that the datasource asks for. */
const oddKeys = [
  'a space, 100%25 & + #?.pdf',
  'emoji 😀/tab\there.txt',
  'ends in the private use area \uffee.pdf',
  'https://example.com//a/../b.DOCX',
  `${'long/'.repeat(203)}1,024.txt`,
  'umlauts: größe, zum Vergleich.docx',
];

/** 620 objects that the datasource asks for, among 200 that it does not. */
export function fillSampleBucket(s3: S3Server): void {
  s3.createBucket(bucket);
  const extensions = ['pdf', 'docx', 'txt', 'jpg'];
  for (let index = 0; index < 800; index += 1) {
    const name = `folder-${index % 7}/file-${String(index).padStart(4, '0')}.${extensions[index % 4]}`;
    s3.put(bucket, name, { size: index * 1000, lastModified: uploaded + index * day });
  }
  for (let index = 0; index < 14; index += 1) {
    s3.put(bucket, `readme-${index}.txt`, { body: `read me, ${index}`, lastModified: uploaded });
  }
  for (const key of oddKeys) s3.put(bucket, key, { size: 7, lastModified: uploaded });
}

/** What the catalogue should say of the bucket, in the order of a listing. */
export function wantedFacts(s3: S3Server) {
  return bucketFacts(s3, bucket).filter(({ key }) => /\.(pdf|docx|txt)$/i.test(key));
}

/** What the catalogue does say, read by cursor, in its own order. */
export async function cataloguedFacts(api: CloudApi, datasource: string) {
  const documents = await api.documents(datasource, 250);
  return documents.map(({ size, metadata }) => ({
    key: metadata.key,
    size,
    etag: metadata.etag,
    lastModified: metadata.last_modified,
    storageClass: metadata.storage_class,
  }));
}
