import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerFault } from './answer-faults.ts';
import { deliver } from './delivery.ts';
import type { ServerState } from './exchange.ts';
import type { Faults } from './fault-registry.ts';
import { asAnswerFault, asDeliveryFault, asPageFault, type Fault } from './faults.ts';
import { openToken } from './listing.ts';
import { markerName, perform } from './operations.ts';
import { alterPage } from './page-faults.ts';
import { readBody, readPayload } from './payload.ts';
import { type Reply, xmlReply } from './reply.ts';
import { isListing, type Operation, type ParsedRequest, parseRequest, type S3Request } from './request.ts';
import { renderError, S3Error } from './s3-error.ts';
import { authenticate, type S3User } from './signature.ts';

/** One request that came in. `status` is 0 until its answer is begun, and stays 0 for one that hangs. */
export type LoggedRequest = {
  readonly method: string;
  readonly operation: Operation;
  readonly bucket: string;
  readonly key: string;
  readonly query: Readonly<Record<string, string>>;
  /** Of list requests, see FaultMatch. */
  readonly page: number | undefined;
  readonly status: number;
  /** The server's clock, epoch milliseconds. */
  readonly at: number;
};

type LogEntry = { -readonly [Name in keyof LoggedRequest]: LoggedRequest[Name] };

/** What answering needs of the server. */
export type Service = {
  readonly state: ServerState;
  readonly users: readonly S3User[];
  readonly now: () => number;
  readonly faults: Faults;
  readonly log: LogEntry[];
  readonly beforeResponse: (request: S3Request) => Promise<void> | void;
};

type Arrival = { readonly at: number; readonly requestId: string; readonly entry: LogEntry };
type Outcome = { readonly reply: Reply | undefined; readonly fault?: Fault | undefined };

const hostId = 'stocktake-test-server';
let requestCount = 0;

/** Answers one HTTP request, with the faults that fit it. Rejects only if a test's own alteration throws. */
export async function answer(service: Service, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const arrival = register(service, message);
  response.sendDate = false;
  const { reply, fault } = await outcomeOf(service, message, arrival);
  if (!reply || response.destroyed) return;
  arrival.entry.status = reply.status;
  const headers: Record<string, string> = {
    date: new Date(arrival.at).toUTCString(),
    'x-amz-request-id': arrival.requestId,
    'x-amz-id-2': hostId,
    server: 'stocktake-test-s3',
  };
  if (service.state.buckets.has(arrival.entry.bucket)) headers['x-amz-bucket-region'] = service.state.region;
  deliver(response, { ...reply, headers: { ...headers, ...reply.headers } }, asDeliveryFault(fault));
}

function register(service: Service, message: IncomingMessage): Arrival {
  const at = service.now();
  const method = message.method ?? '';
  const unread = { operation: 'NotImplemented', bucket: '', key: '', query: {}, page: undefined } as const;
  const entry: LogEntry = { method, ...unread, status: 0, at };
  service.log.push(entry);
  requestCount += 1;
  return { at, requestId: requestCount.toString(16).toUpperCase().padStart(16, '0'), entry };
}

async function outcomeOf(service: Service, message: IncomingMessage, arrival: Arrival): Promise<Outcome> {
  try {
    const sent = await readBody(message);
    const parsed = parseRequest(message, arrival.at);
    const page = isListing(parsed.operation) ? pageOf(service.state, parsed) : undefined;
    const request: ParsedRequest = page === undefined ? parsed : { ...parsed, page };
    const { operation, bucket, key, query } = request;
    Object.assign(arrival.entry, { operation, bucket, key, query, page });
    const user = authenticate(request, { users: service.users, region: service.state.region });
    const payload = readPayload(request, sent);
    await service.beforeResponse(request);
    const fault = service.faults.strike(request);
    const instead = asAnswerFault(fault);
    if (instead) return { reply: answerFault(instead, request, arrival.requestId) };
    return { reply: carryOut(service, { request, user, payload }, arrival.requestId, fault), fault };
  } catch (error) {
    return { reply: errorReply(error, arrival.requestId) };
  }
}

/** An honest error is an answer like any other: it can still be dripped, delayed or reset. */
function carryOut(
  { state }: Service,
  asked: { request: S3Request; user: S3User; payload: Buffer },
  requestId: string,
  fault: Fault | undefined,
): Reply {
  const inPage = asPageFault(fault);
  try {
    return perform({ state, ...asked, ...(inPage ? { alterPage: (page) => alterPage(inPage, page) } : {}) });
  } catch (error) {
    return errorReply(error, requestId);
  }
}

function errorReply(error: unknown, requestId: string): Reply {
  const known = error instanceof S3Error ? error : new S3Error('InternalError', String(error));
  return xmlReply(renderError(known, requestId), known.status);
}

/** 1 for a token that is not ours, which the operation refuses once it is known who asks. */
function pageOf(state: ServerState, { query, bucket, operation }: S3Request): number {
  if (operation === 'ListObjects') return state.markers.get(markerName(bucket, query.marker ?? '')) ?? 1;
  const token = query['continuation-token'];
  return (token === undefined ? undefined : openToken(token))?.page ?? 1;
}
