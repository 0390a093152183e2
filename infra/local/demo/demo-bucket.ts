import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';

export const demoBucket = 'sample-bucket';

/** Keys that people do have and that naive syncs lose. */
const oddKeys = [
  'reports/Q1 2026 (final).pdf',
  'reports/100%+tax.csv',
  'reports/a&b<c>d"e\'.txt',
  'photos/über/été ☀.jpg',
  'photos/😀.png',
  'photos/～wave.png',
  '//double//slash',
  'folder-marker/',
  'new\nline.txt',
  'q?x=1#frag',
  `deep/${'long-'.repeat(200)}key.bin`,
];

const kinds = ['pdf', 'csv', 'docx', 'jpg', 'parquet'];

/** A small S3 server on loopback with a bucket of 3,011 objects: odd keys, folders, two storage classes. */
export async function startDemoBucket(): Promise<S3Server> {
  const s3 = await startS3Server();
  s3.createBucket(demoBucket);
  const yesterday = Date.now() - 86_400_000;
  for (const key of oddKeys) s3.put(demoBucket, key, { body: `content of ${key}`, lastModified: yesterday });
  for (let index = 0; index < 3000; index += 1) {
    const month = String((index % 12) + 1).padStart(2, '0');
    const key = `archive/2025/${month}/object-${String(index).padStart(4, '0')}.${kinds[index % kinds.length]}`;
    const storageClass = index % 4 === 0 ? 'GLACIER_IR' : 'STANDARD';
    s3.put(demoBucket, key, { size: 1000 + index, storageClass, lastModified: yesterday + index * 1000 });
  }
  return s3;
}

/** What people do to a bucket between two syncs: 5 objects added, 4 changed, 3 deleted. */
export function changeDemoBucket(s3: S3Server): void {
  for (let index = 1; index <= 5; index += 1) s3.put(demoBucket, `inbox/new-${index}.pdf`, { body: `new ${index}` });
  for (const key of oddKeys.slice(0, 4)) s3.put(demoBucket, key, { body: `changed content of ${key}` });
  for (const key of oddKeys.slice(4, 7)) s3.delete(demoBucket, key);
}
