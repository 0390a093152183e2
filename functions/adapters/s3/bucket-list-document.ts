import { scanXml } from './xml-scan.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** When a bucket was made by the body of a ListBuckets answer, epoch milliseconds; undefined where it does not say. */
export function readCreationDate(body: Uint8Array, bucket: string): number | undefined {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    return undefined;
  }
  let current: { Name?: string; CreationDate?: string } = {};
  const dates: number[] = [];
  const outcome = scanXml(text, {
    start(name, depth) {
      if (depth === 3 && name === 'Bucket') current = {};
      return undefined;
    },
    end(name, depth, content) {
      if (depth === 4 && (name === 'Name' || name === 'CreationDate')) current[name] = content;
      if (depth === 3 && name === 'Bucket' && current.Name === bucket)
        dates.push(Date.parse(current.CreationDate ?? ''));
    },
  });
  const [date, ...others] = dates;
  if (!outcome.wellFormed || outcome.unreadable !== undefined || others.length > 0) return undefined;
  return date === undefined || Number.isNaN(date) ? undefined : date;
}
