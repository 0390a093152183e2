import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { race } from '../http/race-over-http.ts';
import type { ProofResult } from './proof-result.ts';

const fullWriters = 500;

/** All at once change one row under If-Match, and whoever was told of another tries again, until each change stands. */
export async function proveLostUpdates({ share }: { readonly share: number }): Promise<ProofResult[]> {
  const writers = Math.max(20, Math.round(fullWriters * share));
  const began = performance.now();
  const { rounds, won, told, wrong, written } = await race(openSqliteTable(':memory:'), writers, writers);
  const all = new Set(written).size === writers && written.length === writers;
  return [
    {
      proof: 'lost-updates',
      claim: `${writers} writers at one row: in each round one wins, all others are told what it wrote, none is lost`,
      measured: `${rounds} rounds, ${won} won, ${told.toLocaleString('en')} told, ${written.length} changes in the row, ${wrong.length} wrong${wrong.slice(0, 1).map((line) => `: ${line}`)}`,
      passed: wrong.length === 0 && all && rounds === writers,
      seconds: (performance.now() - began) / 1000,
    },
  ];
}
