import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Failure } from '#core/model/errors.ts';
import type { WebhookAnswer, WebhookRequest, WebhookSender } from '#core/model/ports/webhooks.ts';
import { OutOfTime, withinDeadline } from '../outbound/deadline.ts';
import { type Agents, guardedAgents, type Lookup, type Reach } from '../outbound/endpoint-guard.ts';
import { type AdmittedUrl, admitWebhookUrl } from './webhook-addresses.ts';

export type WebhookSenderOptions = {
  /** Whether receivers at loopback and private addresses may be called: all, none, or those `host[:port]` by name. */
  readonly allowPrivateEndpoints: boolean | readonly string[];
  /** For the whole request, from the look-up of the name to the last byte that is read. 10,000 by default. */
  readonly timeoutMs?: number;
  /** Resolves names; the system's resolver by default. */
  readonly lookup?: Lookup;
  /** Refusals of names come at whole multiples of it, 1,000 by default. */
  readonly refusalMs?: number;
};

/** More than a receiver has to say beyond its status. */
const mostAnswerBytes = 16 * 1024;

/**
 * Posts to webhooks over HTTP. The address that is connected to is the one that was checked; redirects are answers like
 * any other; each request has a connection of its own, for a kept one may be dead after Lambda froze it.
 */
export function createHttpWebhookSender(options: WebhookSenderOptions): WebhookSender {
  const { timeoutMs = 10_000 } = options;
  const agents: Record<Reach, Agents> = {
    public: guardedAgents('public', options),
    private: guardedAgents('private', options),
  };
  return {
    async send(request) {
      const admitted = admitWebhookUrl(request.url, options.allowPrivateEndpoints);
      if (admitted === undefined) return { problem: 'address_refused' };
      try {
        return await withinDeadline(timeoutMs, (deadline) => post(admitted, request, agents[admitted.reach], deadline));
      } catch (error) {
        return { problem: error instanceof OutOfTime ? 'timeout' : problemOf(error) };
      }
    },
  };
}

function post(
  { url, useSsl }: AdmittedUrl,
  { headers, body }: WebhookRequest,
  { httpAgent, httpsAgent }: Agents,
  signal: AbortSignal,
): Promise<WebhookAnswer> {
  const sent = { ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  const options = { method: 'POST', headers: sent, signal };
  return new Promise((resolve, reject) => {
    const request = useSsl
      ? httpsRequest(url, { ...options, agent: httpsAgent })
      : httpRequest(url, { ...options, agent: httpAgent });
    let status: number | undefined;
    // Once the status has come it counts, whatever happens to the rest of the answer.
    const end = (error: unknown): void => {
      if (status === undefined) reject(error);
      else resolve({ status });
    };
    request.on('response', (response) => {
      status = response.statusCode ?? 0;
      skim(response, () => request.destroy());
    });
    request.on('error', end);
    // The one event that comes in every case, also when Node takes the answer for the beginning of another protocol.
    request.on('close', () => end(new Error('closed without an answer')));
    request.end(body);
  });
}

/** Reads what is said beyond the status, so that the receiver can end in peace, but not for ever. */
function skim(response: IncomingMessage, stop: () => void): void {
  let bytes = 0;
  response.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes > mostAnswerBytes) stop();
  });
  // What breaks off here has told its status.
  response.on('error', stop);
}

/** Of the error only its code is used: nothing that a receiver said goes into rows or logs. */
function problemOf(error: unknown): 'address_refused' | 'unreachable' | 'tls_failed' | 'no_answer' {
  if (error instanceof Failure) return 'address_refused';
  const code = error instanceof Error ? String(Reflect.get(error, 'code') ?? '') : '';
  if (/CERT|SSL|TLS|ISSUER|SIGNATURE|EPROTO/.test(code)) return 'tls_failed';
  if (/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EADDRNOTAVAIL)$/.test(code)) {
    return 'unreachable';
  }
  return 'no_answer';
}
