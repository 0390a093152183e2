import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failureStatus } from '#http/table/failure-status.ts';
import { runFailureCodes } from '#support/run-failure-codes.ts';
import { readImportGraph } from './import-graph.ts';

const root = join(import.meta.dirname, '../..');
const graph = readImportGraph(['functions']);

/** A lost lease is thrown by its own function. */
const thrower = new RegExp(`new Failure\\(\\s*'(?:${runFailureCodes.join('|')})'|\\bleaseLost\\(`);

const sources = new Map([...graph.keys()].map((file) => [file, readFileSync(join(root, file), 'utf8')]));

function reachedFrom(start: readonly string[]): ReadonlySet<string> {
  const reached = new Set(start);
  for (const file of reached) for (const next of graph.get(file) ?? []) reached.add(next);
  return reached;
}

describe('what only a run fails with', () => {
  it('is thrown by no file that a route leads to, but for those whose functions of runs no route calls', () => {
    const reached = reachedFrom(['functions/http/routes.ts', 'functions/http/create-http-handler.ts']);
    const throwing = [...reached].filter((file) => thrower.test(sources.get(file) ?? '')).sort();
    expect(throwing).toEqual([
      'functions/core/catalogue/range-map.ts',
      'functions/core/lease/held-lease.ts',
      'functions/core/lease/lease.ts',
      // A total asks how far a run is, by readWork alone.
      'functions/core/sync/progress/range-work.ts',
    ]);
    for (const name of ['readRange', 'amendRange', 'leaseLost', 'holdLease', 'saveWork', 'assertWritable']) {
      const callers = [...reached].filter((file) => new RegExp(`\\b${name}\\b`).test(sources.get(file) ?? ''));
      expect([name, callers.filter((file) => !throwing.includes(file))]).toEqual([name, []]);
    }
  });

  it('is found where it is thrown, so that the search above could find it', () => {
    const throwing = [...sources].filter(([, source]) => thrower.test(source)).map(([file]) => file);
    expect(throwing.length).toBeGreaterThan(10);
    expect(throwing).toContain('functions/core/sync/worker/time-limit.ts');
  });
});

describe('the statuses of failures', () => {
  it('are below 500, whatever a source fails with: from there on it is ours, as a table is that another version wrote, that is full or that is away', () => {
    const { other_form: form, table_busy: busy, keys_unavailable: keys, ...others } = failureStatus;
    expect([form, busy, keys]).toEqual([503, 503, 503]);
    for (const [code, status] of Object.entries(others)) {
      expect([code, status >= 400 && status < 500]).toEqual([code, true]);
    }
  });
});
