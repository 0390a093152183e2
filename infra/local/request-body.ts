import type { IncomingMessage } from 'node:http';

/** So much of a body that is too large is still read and dropped, so that its sender gets to see the answer. */
const drainedBytes = 16 * 1024 * 1024;

/**
 * Reads a request's body, keeping at most `limit` bytes: undefined if there are more, the rest unread. Rejects if the
 * connection breaks.
 */
export async function readRequestBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return undefined;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) resolve(undefined);
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
  });
}

/** Drops what is left of a request's body, and cuts the connection if that is too much. */
export function dropRest(request: IncomingMessage): void {
  let dropped = 0;
  request.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > drainedBytes) request.socket.destroy();
  });
}
