import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultSyncSettings } from '#core/runs/sync-deps.ts';
import { timeBudget as budget } from '#core/timing/time-budget.ts';
import { longestAnswer, longestInvocation } from '../../../infra/aws/constructs/stocktake-function.ts';

const root = join(import.meta.dirname, '../../..');

/** Each step, and what must be longer than it. */
const chain: [string, number, string, number][] = [
  ['connecting to AWS', budget.connectMs, 'a try', budget.attemptMs],
  [
    'all tries of the SDK with their waits',
    budget.attempts * budget.attemptMs + budget.attemptWaitsMs,
    'a call to AWS',
    budget.callMs,
  ],
  ['a try of a source', budget.sourceAttemptMs, 'a call to a source', budget.sourceCallMs],
  ['trying the table and a last call', budget.tableTryMs + budget.callMs, 'a write to the table', budget.tableWriteMs],
  ['a write to the table', budget.tableWriteMs, 'the lease of one machine, less its renewal', budget.localLeaseMs / 2],
  ['a write to the table', budget.tableWriteMs, 'the lease, less its renewal', budget.leaseMs / 2],
  ['trying the table and a last call', budget.tableTryMs + budget.callMs, 'an answer', budget.answerMs],
  ['a call to a source that somebody waits for', budget.watchedSourceCallMs, 'an answer', budget.answerMs],
  ['a call to a source', budget.sourceCallMs, 'the reserve', budget.reserveMs],
  [
    'a page asked for last, and its write',
    budget.sourceCallMs + budget.tableTryMs + budget.callMs,
    'the reserve',
    budget.reserveMs,
  ],
  [
    'a page asked for last, and its write and two notes that the table pushes back',
    budget.sourceCallMs + 3 * budget.tableTryMs,
    'the reserve',
    budget.reserveMs,
  ],
  ['the reserve', budget.reserveMs, 'an invocation', budget.invocationMs],
  ['an invocation and its last write', budget.invocationMs + budget.tableWriteMs, 'the lease', budget.leaseMs],
  ['an invocation that gets nowhere', budget.invocationMs, 'waiting for the table', budget.noProgressMs],
  // A table that is new, or grew, doubles within half an hour.
  ['growing of the table', 1_800_000, 'waiting for the table', budget.noProgressMs],
];

describe('the time budget', () => {
  it.each(chain)('%s (%i ms) takes less than %s (%i ms)', (_step, takes, _whole, has) => {
    expect(takes).toBeLessThan(has);
  });

  it('is that of the stack: Lambda ends a function, and API Gateway a request, when it says', () => {
    expect(longestInvocation.toMilliseconds()).toBe(budget.invocationMs);
    expect(longestAnswer.toMilliseconds()).toBe(budget.answerMs);
  });

  it('is what a lease is held against: a write is sent only while lease and claim outlast it', () => {
    expect(defaultSyncSettings.requestTimeoutMs).toBe(budget.tableWriteMs);
  });
});

/** Sources of the functions by their path. */
function sources(): [string, string][] {
  const files = readdirSync(join(root, 'functions'), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file.replaceAll('\\', '/'), readFileSync(join(root, 'functions', file), 'utf8')]);
}

describe('whoever makes a client of the SDK', () => {
  it('makes it with the times of the budget: no client waits for ever', () => {
    const made = sources().flatMap(([file, text]) =>
      [...text.matchAll(/new (\w+Client)\(([^;]*?)\)[,;)]/g)].map(([, name, given]) => [file, name, given]),
    );
    const names = new Set(made.map(([, name]) => name));
    const all = ['DynamoDB', 'EventBridge', 'KMS', 'SQS', 'STS', 'Scheduler', 'SecretsManager'];
    expect([...names].filter((name) => name !== 'S3Client').sort()).toEqual(all.map((name) => `${name}Client`));
    // S3's own has a request handler of ours, with its own deadlines (functions/adapters/s3).
    const loose = made.filter(([, name, given]) => name !== 'S3Client' && !given?.includes('clientSettings('));
    expect(loose).toEqual([]);
  });
});
