import type { Filling } from './filling.ts';

/** Entries of a tar: each a header and its content, filled up to this. */
const BLOCK = 512;

/**
 * A tar of these objects. MinIO unpacks one that is put with `x-amz-meta-snowball-auto-extract: true` into objects, in a
 * tenth of the time that a request for each takes. Names of up to 100 bytes.
 */
export function tarOf(objects: readonly Filling[]): Buffer {
  const blocks = objects.flatMap(({ key, body }) => {
    const content = Buffer.alloc(Math.ceil(Buffer.byteLength(body) / BLOCK) * BLOCK);
    content.write(body);
    return [headerOf(key, Buffer.byteLength(body)), content];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

/** As POSIX lays it out: numbers in octal, and a sum over the header in which the sum itself is blanks. */
function headerOf(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(name, 0, 100);
  header.write(octal(0o644, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(size, 11), 124);
  header.write(octal(0, 11), 136);
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
