import { S3Error } from './s3-error.ts';

/**
 * `[start, end)` of a Range header with a single range over so many bytes; undefined (the whole) when there is none or
 * when it is not one that S3 keeps to. Throws InvalidRange when it lies outside.
 */
export function rangeOf(header: string | undefined, size: number): readonly [number, number] | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || match[0] === 'bytes=-') return undefined;
  const [, first = '', last = ''] = match;
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size);
  if (first !== '' && last !== '' && Number(last) < start) return undefined;
  if (start >= size) {
    throw new S3Error('InvalidRange', 'The requested range is not satisfiable', { ActualObjectSize: String(size) });
  }
  return [start, end];
}
