import { utf8Length } from '#core/keys/byte-order.ts';
import type { ListedObject, OddRow } from '#core/model/ports/listing.ts';
import { readForeignTimestamp, readTimestamp } from './listed-time.ts';

/** The text of the elements of one `<Contents>`, as far as they were there. */
export type ListedFields = {
  Key?: string;
  Size?: string;
  ETag?: string;
  LastModified?: string;
  StorageClass?: string;
  /** The first of these that came twice, or was no text. */
  strange?: string;
};

/** A row that is no object. `text` is its key where that is known and no record could have it. */
export type UnfitRow = OddRow & { readonly text?: string };

/** S3's limit: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const MAX_KEY_BYTES = 1024;

/** An ETag is opaque and has no limit of its own, but a record has: S3's are under 50 characters, foreign ones not far above. */
const MAX_ETAG_LENGTH = 512;

/** The longest of S3's is INTELLIGENT_TIERING. */
const MAX_STORAGE_CLASS_LENGTH = 64;

/** What a server writes in place of what it cannot write, a control character or a byte that is not UTF-8. */
const REPLACEMENT = '\ufffd';

/**
 * Makes an object of its elements. Key, Size and LastModified must be there and make sense; a missing ETag is '', a
 * missing StorageClass is STANDARD, as S3 leaves it out.
 *
 * @param forgive is told by name what is not as S3 writes it, but can be understood.
 * @returns the object, or in words why it is none.
 */
export function readListedObject(
  fields: ListedFields,
  decode: (text: string) => string | undefined,
  forgive: (name: string) => void,
): ListedObject | UnfitRow {
  const { Key: text, ETag = '', StorageClass = '' } = fields;
  if (text === undefined)
    return { reason: fields.strange === 'Key' ? 'an object with a strange Key' : 'an object without a Key' };
  // Written as it is, and not as %EF%BF%BD: so it may stand for anything.
  if (text.includes(REPLACEMENT)) return { reason: 'a Key with characters that the server could not write (U+FFFD)' };
  const key = decode(text);
  if (key === undefined) return { reason: 'a Key that is not properly URL-encoded' };
  const unfit = keyProblem(key);
  if (unfit !== undefined) return unfit;
  if (fields.strange !== undefined) return { key, reason: `an object with a strange ${fields.strange} element` };
  const size = readSize(fields.Size);
  if (size === undefined) return { key, reason: 'a missing or impossible Size' };
  const lastModified = readTimestamp(fields.LastModified) ?? foreignTime(fields.LastModified, forgive);
  if (lastModified === undefined) return { key, reason: 'a missing or impossible LastModified' };
  if (ETag.length > MAX_ETAG_LENGTH) return { key, reason: 'an impossibly long ETag' };
  if (StorageClass.length > MAX_STORAGE_CLASS_LENGTH) return { key, reason: 'an impossibly long StorageClass' };
  return {
    key,
    size,
    etag: unquoted(ETag),
    lastModified,
    storageClass: StorageClass || 'STANDARD',
  };
}

function keyProblem(key: string): UnfitRow | undefined {
  if (key === '') return { reason: 'an object whose Key is empty' };
  if (key.length > MAX_KEY_BYTES / 3 && utf8Length(key) > MAX_KEY_BYTES) {
    return { reason: 'a Key of more than 1,024 bytes', text: key };
  }
  return key.includes('\u0000') ? { reason: 'a Key with U+0000', text: key } : undefined;
}

function foreignTime(text: string | undefined, forgive: (name: string) => void): string | undefined {
  const time = readForeignTimestamp(text);
  if (time !== undefined) forgive('last_modified_spelling');
  return time;
}

/** Takes the surrounding quotes off; all else about an ETag is opaque. */
export function unquoted(etag: string): string {
  return etag.length >= 2 && etag.startsWith('"') && etag.endsWith('"') ? etag.slice(1, -1) : etag;
}

function readSize(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const size = Number(text);
  return Number.isSafeInteger(size) ? size : undefined;
}
