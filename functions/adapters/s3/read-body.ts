import { Readable } from 'node:stream';

const FIRST_ROOM = 64 * 1024;

/**
 * The whole body, or undefined if it is longer than `limit` bytes: the connection is then given up, so that the rest is
 * not waited for. What is held at any time is at most twice the limit: the pieces are copied, for each would keep the
 * buffer alive that it was read into, and a body that drips would take many times its length.
 */
export async function readBody(body: unknown, limit: number): Promise<Uint8Array | undefined> {
  if (!(body instanceof Readable)) return new Uint8Array();
  let held = new Uint8Array(Math.min(FIRST_ROOM, limit));
  let length = 0;
  for await (const piece of body) {
    if (!(piece instanceof Uint8Array)) throw new Error('a body stream without bytes');
    if (length + piece.length > limit) return undefined;
    if (length + piece.length > held.length) held = grown(held, length, length + piece.length, limit);
    held.set(piece, length);
    length += piece.length;
  }
  return held.subarray(0, length);
}

function grown(held: Uint8Array, length: number, needed: number, limit: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(limit, Math.max(needed, held.length * 2)));
  larger.set(held.subarray(0, length));
  return larger;
}
