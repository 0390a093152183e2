import { Failure } from '#core/model/errors.ts';
import type { Spools } from '#core/model/ports/spools.ts';

/** Spools in memory; beyond `mostLines` in one of them there is no room. */
export function createMemorySpools(mostLines = Number.POSITIVE_INFINITY): Spools & { readonly open: Spools['open'] } {
  return {
    async open() {
      const runs: (readonly string[])[] = [];
      return {
        async write(lines) {
          const all = runs.reduce((sum, run) => sum + run.length, lines.length);
          if (all > mostLines) throw new Failure('listing_too_large', `the spool takes more than ${mostLines} lines`);
          runs.push(lines);
        },
        runs: () => runs.map(inPieces),
        async close() {
          runs.length = 0;
        },
      };
    },
  };
}

async function* inPieces(lines: readonly string[]): AsyncIterable<readonly string[]> {
  for (let start = 0; start < lines.length; start += 7) yield lines.slice(start, start + 7);
}
