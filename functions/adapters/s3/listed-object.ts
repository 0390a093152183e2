import { utf8Length } from '#core/keys/byte-order.ts';
import type { ListedObject } from '#core/model/ports/listing.ts';

/** The text of the elements of one `<Contents>`, as far as they were there. */
export type ListedFields = {
  Key?: string;
  Size?: string;
  ETag?: string;
  LastModified?: string;
  StorageClass?: string;
};

/** S3's limit: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const MAX_KEY_BYTES = 1024;

/** An ETag is opaque and has no limit of its own, but a record has: S3's are under 50 characters, foreign ones not far above. */
const MAX_ETAG_LENGTH = 512;

/** The longest of S3's is INTELLIGENT_TIERING. */
const MAX_STORAGE_CLASS_LENGTH = 64;

/**
 * Makes an object of its elements. Key, Size and LastModified must be there and make sense; a missing ETag is '', a
 * missing StorageClass is STANDARD, as S3 leaves it out.
 *
 * @returns the object, or in words why it is none.
 */
export function readListedObject(
  fields: ListedFields,
  decode: (text: string) => string | undefined,
): ListedObject | string {
  if (fields.Key === undefined) return 'an object without a Key';
  const key = decode(fields.Key);
  if (key === undefined) return 'a Key that is not properly URL-encoded';
  if (key === '') return 'an object whose Key is empty';
  if (key.length > MAX_KEY_BYTES / 3 && utf8Length(key) > MAX_KEY_BYTES) return 'a Key of more than 1,024 bytes';
  const size = readSize(fields.Size);
  if (size === undefined) return `a missing or impossible Size, of key ${quote(key)}`;
  const lastModified = readTimestamp(fields.LastModified);
  if (lastModified === undefined) return `a missing or impossible LastModified, of key ${quote(key)}`;
  const { ETag = '', StorageClass = '' } = fields;
  if (ETag.length > MAX_ETAG_LENGTH) return `an impossibly long ETag, of key ${quote(key)}`;
  if (StorageClass.length > MAX_STORAGE_CLASS_LENGTH) return `an impossibly long StorageClass, of key ${quote(key)}`;
  return {
    key,
    size,
    etag: unquoted(ETag),
    lastModified,
    storageClass: StorageClass || 'STANDARD',
  };
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

const rfc3339 =
  /^((\d{4})-(0[1-9]|1[0-2])-([0-2]\d|3[01]))[Tt]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/** RFC 3339 with any number of fraction digits, cut to milliseconds and turned to UTC. Without Date where it can be:
 *  parsing and printing one took half of the time of reading a page. */
function readTimestamp(text: string | undefined): string | undefined {
  const parts = text === undefined ? null : rfc3339.exec(text);
  if (parts === null) return undefined;
  const [, date, year, month, day, time, fraction = '', sign, hours, minutes] = parts;
  if (Number(day) < 1 || Number(day) > daysIn(Number(year), Number(month))) return undefined;
  const local = `${date}T${time}.${fraction.length === 3 ? fraction : fraction.slice(0, 3).padEnd(3, '0')}Z`;
  if (sign === undefined) return local;
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '+' ? 1 : -1);
  const utc = new Date(Date.parse(local) - offset).toISOString();
  return utc.length === local.length ? utc : undefined;
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

function quote(key: string): string {
  return JSON.stringify(key.length > 200 ? `${key.slice(0, 200)}…` : key);
}
