import type { RecordRow } from '../../catalogue/record.ts';
import { utf8Length } from '../../keys/byte-order.ts';
import { Failure } from '../../model/errors.ts';
import type { FoundObject, HeadResult } from '../../model/ports/bucket.ts';
import { askPage } from '../../source/page-proof.ts';
import type { SettlingContext } from './settling-context.ts';

/** What is compared of the record at a key. */
export type AskedRecord = Pick<RecordRow, 'sk' | 'size' | 'etag'>;

/** S3's limit of a key: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const longestKeyBytes = 1024;

/**
 * True if a HEAD that found something at a key was answered by a folder of that name, so that the object is gone:
 * gateways to file systems answer so. All must hold, for each alone is said by live objects too: it is another thing than
 * was recorded, keys are listed under it, the name with a slash is answered alike, and no byte with an ETag comes of it. A
 * server that gives no ETags at all shows nothing by leaving one out.
 */
export async function isToldByFolder(
  context: SettlingContext,
  record: AskedRecord,
  head: FoundObject,
): Promise<boolean> {
  if (head.etag !== '' && head.etag === record.etag && head.size === record.size) return false;
  const folder = `${record.sk}/`;
  if (utf8Length(folder) > longestKeyBytes || !(await listsUnder(context, folder))) return false;
  if (!isAlike(head, await context.bucket.head(folder))) return false;
  const byte = await context.bucket.firstByte(record.sk);
  if (byte.status === 'missing') return true;
  return byte.status === 'found' && byte.etag === '' && (await givesEtags(context));
}

/** The mark of the folder itself, which some servers list, says nothing. */
async function listsUnder({ bucket, config }: SettlingContext, folder: string): Promise<boolean> {
  try {
    const { objects } = await askPage(bucket, { bucket: config.bucket, prefix: folder, maxKeys: 2 });
    return objects.some(({ key }) => key !== folder);
  } catch (error) {
    // Then nothing is known of the folder, and the object stays.
    if (error instanceof Failure && error.code === 'listing_not_proved') return false;
    throw error;
  }
}

function isAlike(head: FoundObject, other: HeadResult): boolean {
  if (other.status !== 'found') return false;
  return head.etag === other.etag && head.size === other.size && head.lastModified === other.lastModified;
}

async function givesEtags({ bucket, tally }: SettlingContext): Promise<boolean> {
  const control = tally.controls.at(-1);
  if (control === undefined) return false;
  const byte = await bucket.firstByte(control);
  return byte.status === 'found' && byte.etag !== '';
}
