import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { DeliveryFault } from './faults.ts';
import type { Reply } from './reply.ts';

/** Sends an answer, with what goes wrong on the way. What is still being sent ends with its connection. */
export function deliver(response: ServerResponse, reply: Reply, fault: DeliveryFault | undefined): void {
  if (fault?.kind === 'reset' || fault?.kind === 'close-early') breakOff(response, reply, fault);
  else if (fault?.kind === 'drip') drip(response, reply, fault.intervalMs);
  else if (fault?.kind === 'delay') {
    const timer = setTimeout(() => send(response, reply), fault.ms);
    response.on('close', () => clearTimeout(timer));
  } else send(response, fault ? alter(reply, fault) : reply);
}

function alter(
  reply: Reply,
  fault: Exclude<DeliveryFault, { kind: 'close-early' | 'reset' | 'drip' | 'delay' }>,
): Reply {
  switch (fault.kind) {
    case 'cut-body':
      return cut(reply, fault.bytes);
    case 'wrong-content': {
      const headers = { ...reply.headers, ...(fault.contentType ? { 'content-type': fault.contentType } : {}) };
      return { ...reply, headers, body: Buffer.from(fault.body) };
    }
    case 'rewrite':
      return { ...reply, body: Buffer.from(fault.alter(bytesOf(reply).toString())) };
  }
}

function send(response: ServerResponse, reply: Reply): void {
  writeHead(response, reply);
  if (response.req.method === 'HEAD') response.end();
  else if (Buffer.isBuffer(reply.body)) response.end(reply.body);
  // A client may go away while it is being sent to: its own affair, the stream is destroyed with the socket.
  else
    Readable.from(reply.body.chunks())
      .on('error', () => response.destroy())
      .pipe(response);
}

function writeHead(response: ServerResponse, reply: Reply): void {
  const { length } = reply.body;
  const hasBody = reply.status !== 204 && length !== undefined;
  response.writeHead(reply.status, { ...reply.headers, ...(hasBody ? { 'content-length': String(length) } : {}) });
}

function bytesOf(reply: Reply): Buffer {
  return Buffer.isBuffer(reply.body) ? reply.body : Buffer.concat([...reply.body.chunks()]);
}

function cut(reply: Reply, bytes: number | undefined): Reply {
  const body = bytesOf(reply);
  return { ...reply, body: body.subarray(0, bytes ?? Math.floor(body.length / 2)) };
}

function breakOff(
  response: ServerResponse,
  reply: Reply,
  fault: Extract<DeliveryFault, { kind: 'close-early' | 'reset' }>,
): void {
  writeHead(response, reply);
  response.flushHeaders();
  const part = cut(reply, fault.bytes).body;
  response.write(part, () => {
    if (fault.kind === 'reset') response.socket?.resetAndDestroy();
    else response.socket?.destroySoon();
  });
}

function drip(response: ServerResponse, reply: Reply, intervalMs: number): void {
  const body = bytesOf(reply);
  writeHead(response, reply);
  response.flushHeaders();
  let sent = 0;
  const timer = setInterval(() => {
    if (sent < body.length) response.write(body.subarray(sent, ++sent));
    else response.end();
  }, intervalMs);
  response.on('close', () => clearInterval(timer));
}
