/**
 * The one budget of time: whatever is waited for has ended, or is given up, before whoever waits for it gives up itself.
 * All in milliseconds. test/core/timing/time-budget.test.ts holds each inequality, and that nobody keeps a time apart.
 */

/** One call to AWS: attempt < call. */
const callMs = 18_000;

/** The table sends what was pushed back again for so long; it begins no request later. Throttled requests are answered within
 *  milliseconds, so nothing but a lost connection makes a call take longer than this. */
const tableTryMs = 10_000;

/** What the last request of a call to the table may arrive late, because the socket was closed behind it. */
const lateMs = 2000;

/** Lambda's limit: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const invocationMs = 900_000;

export const timeBudget = {
  /** A connection to AWS is there within some ten milliseconds, or the packet was lost. */
  connectMs: 2000,
  /** AWS's own services answer within a second; what takes five has lost its connection. */
  attemptMs: 5000,
  /** The SDK's own tries of a call, and what it waits between them at most when it is throttled: 0.5 s, then 1 s. */
  attempts: 3,
  attemptWaitsMs: 1500,
  callMs,
  tableTryMs,
  /** After so long nothing is under way of a write to the table, taken or not: a lease or a claim must last so much longer
   *  than the moment when the write begins. */
  tableWriteMs: tableTryMs + callMs + lateMs,
  /** An S3 server of a user's: one try, and a call with its retries. Where somebody waits for the answer, there is less. */
  sourceAttemptMs: 20_000,
  sourceCallMs: 45_000,
  watchedSourceCallMs: 20_000,
  /** An HTTP API waits 30 s: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html */
  answerMs: 29_000,
  /** Kept back from an invocation for a page that was asked for in its last moment, the write of that page, or, where the
   *  table pushes it back, for noting how far the run is and handing it on. */
  reserveMs: 80_000,
  invocationMs,
  /** Of a run and of its claims on AWS, where nobody can say of another container that it died: longer than an invocation
   *  lives and its last write is under way. */
  leaseMs: invocationMs + 45_000,
  /** The same on one machine, where a process that died is known by its boot id; renewed at half of it. */
  localLeaseMs: 120_000,
  /** A run to which the table gave nothing for so long is not waited for any more: a table that has to grow doubles within
   *  half an hour. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html */
  noProgressMs: 3_600_000,
} as const;
