import { setTimeout as pause } from 'node:timers/promises';

const PAUSE_MS = 100;

/**
 * Asks again and again until the answer is not undefined or false, and gives it back. Throws after `limitMs` with what
 * was awaited; an error of the question itself ends the wait at once.
 */
export async function until<Answer>(
  awaited: string,
  limitMs: number,
  ask: () => Promise<Answer | undefined | false> | Answer | undefined | false,
): Promise<Answer> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${awaited}`);
    await pause(PAUSE_MS);
  }
}
