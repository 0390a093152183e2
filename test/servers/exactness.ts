import type { Bench } from './column.ts';
import { judgeListing, judgeObjects, type ListedObject } from './judge.ts';

/** How a catalogue differs from what boto3 lists of the bucket. */
export type Difference = {
  readonly listed: number;
  readonly missing: readonly string[];
  /** In the catalogue alone, and boto3 gets no such object. */
  readonly extra: readonly string[];
  readonly differing: readonly string[];
  /** In the catalogue, and there when boto3 asks for them, but not in the server's own listing. */
  readonly unlisted: readonly string[];
};

/** Compares key by key, size and ETag with it; both with pages of the same size, for some servers lose keys between pages. */
export async function compareWithBucket(
  { server, stocktake }: Pick<Bench, 'server' | 'stocktake'>,
  datasource: string,
  bucket: string,
  pageSize = 1000,
): Promise<Difference> {
  const listing = await judgeListing(server, bucket, pageSize);
  const catalogue = await stocktake.catalogue(datasource);
  const objects = new Map<string, ListedObject>(listing.map((object) => [object.key, object]));
  const beyond = [...catalogue.keys()].filter((key) => !objects.has(key));
  const unlisted = new Set(await existingOf(server, bucket, beyond));
  const isOther = ({ key, size, etag }: ListedObject): boolean => {
    const record = catalogue.get(key);
    return record !== undefined && (record.size !== size || bare(record.etag) !== bare(etag));
  };
  return {
    listed: objects.size,
    missing: [...objects.keys()].filter((key) => !catalogue.has(key)),
    extra: beyond.filter((key) => !unlisted.has(key)),
    differing: [...objects.values()].filter(isOther).map(({ key }) => key),
    unlisted: [...unlisted],
  };
}

/** More keys than these are not asked for one by one. */
const MOST_ASKED = 2000;

async function existingOf(server: Bench['server'], bucket: string, keys: readonly string[]): Promise<string[]> {
  const answers = await judgeObjects(server, bucket, keys.slice(0, MOST_ASKED));
  return answers.filter(({ error }) => error === undefined).map(({ key }) => key);
}

function bare(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '');
}

/** Says in a few words how a catalogue is not exact; nothing when it is. */
export function tellDifference({ missing, extra, differing }: Difference): string | undefined {
  const parts = [
    ['missing', missing] as const,
    ['in the catalogue alone', extra] as const,
    ['with another size or ETag', differing] as const,
  ].filter(([, keys]) => keys.length > 0);
  if (parts.length === 0) return undefined;
  return parts.map(([what, keys]) => `${keys.length} ${what} (${sample(keys)})`).join(', ');
}

/** The first of some keys, as JSON spells them, so that no control character comes through. */
export function sample(keys: readonly string[], most = 3): string {
  const shown = keys.slice(0, most).map((key) => JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}…` : key));
  return keys.length > most ? `${shown.join(', ')}, …` : shown.join(', ');
}
