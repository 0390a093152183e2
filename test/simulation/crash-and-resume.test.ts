import { describe, expect, it } from 'vitest';
import { proveEveryPoint, provePairs } from '../prove/crash-and-resume.ts';

/** Other points each day; a failure names its points. */
const seed = Math.floor(Date.now() / 86_400_000);

/** On a machine that does other things besides. */
const timeout = 120_000;

describe('a process that is killed', () => {
  it('at any call to the outside loses nothing, and repeats one page at most', { timeout }, async () => {
    const result = await proveEveryPoint(0.06, seed);
    expect(result.passed, result.measured).toBe(true);
  });

  it('and again while the next one makes up for it, the same', { timeout }, async () => {
    const result = await provePairs(0.01, seed);
    expect(result.passed, result.measured).toBe(true);
  });
});
