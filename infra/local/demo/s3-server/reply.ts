/** What is sent when nothing is wrong on the way. */
export type Reply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ReplyBody;
};

/** Bytes at hand, or made while they are sent (`length` of them, or an unknown number). */
export type ReplyBody = Buffer | { readonly length: number | undefined; readonly chunks: () => Iterable<Buffer> };

const chunkBytes = 64 * 1024;

/** An XML answer. */
export function xmlReply(xml: string, status = 200): Reply {
  return { status, headers: { 'content-type': 'application/xml' }, body: Buffer.from(xml) };
}

/** An answer without a body. */
export function emptyReply(status: number, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers, body: Buffer.alloc(0) };
}

/** So many times one byte, in chunks. */
export function* repeatByte(byte: number, count: number): Generator<Buffer> {
  const chunk = Buffer.alloc(Math.min(chunkBytes, count), byte);
  for (let left = count; left > 0; left -= chunkBytes) yield left < chunkBytes ? chunk.subarray(0, left) : chunk;
}
