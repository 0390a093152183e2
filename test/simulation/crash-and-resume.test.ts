import { describe, expect, it } from 'vitest';
import { proveEveryPoint, provePairs } from '../prove/crash-and-resume.ts';

/** Other points each day; a failure names its points. */
const seed = Math.floor(Date.now() / 86_400_000);

describe('a process that is killed', () => {
  it('at any call to the outside loses nothing, and repeats one page at most', async () => {
    const result = await proveEveryPoint(0.12, seed);
    expect(result.passed, result.measured).toBe(true);
  });

  it('and again while the next one makes up for it, the same', async () => {
    const result = await provePairs(0.02, seed);
    expect(result.passed, result.measured).toBe(true);
  });
});
