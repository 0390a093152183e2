import { describe, expect, it } from 'vitest';
import { type Lease, type LeaseDeps, seemsForgotten, waitingOn } from '#core/lease/lease.ts';

const begin = 1_000_000;
const minute = 60_000;
const waiting: Lease = { v: 1, version: 4, fence: 3, run: 'r', sender: 'me', expires_at: 0, skipped_slots: 0 };

/** As this process sees it at some time after `begin`; all others are dead. */
function depsAfter(milliseconds: number): LeaseDeps {
  const clock = { now: () => begin + milliseconds };
  return { clock, holder: 'me', isAlive: (holder: string) => holder === 'me', leaseMs: 1 } as unknown as LeaseDeps;
}

describe('a run that waits in the queue', () => {
  const queued = waitingOn(depsAfter(0), waiting);

  it('waits for a quarter of an hour from when it was sent again, and keeps its place', () => {
    expect(waitingOn(depsAfter(0), { ...waiting, sender: 'other', skipped_slots: 2 })).toEqual({
      ...{ v: 1, version: 5, fence: 3, run: 'r', sender: 'me', expires_at: begin + 15 * minute, skipped_slots: 2 },
    });
  });

  it('seems forgotten after a minute, and not before', () => {
    expect(seemsForgotten(depsAfter(minute - 1), queued)).toBe(false);
    expect(seemsForgotten(depsAfter(minute), queued)).toBe(true);
  });

  it('seems so at once where the process that was to send it died', () => {
    expect(seemsForgotten(depsAfter(0), { ...queued, sender: 'dead' })).toBe(true);
    expect(seemsForgotten(depsAfter(0), { ...queued, sender: undefined })).toBe(false);
  });
});

it.each([
  ['a lease that no run has', { run: undefined }],
  ['a run that somebody works on', { holder: 'dead' }],
])('%s is not waited for, however old', (_what, change) => {
  expect(seemsForgotten(depsAfter(60 * minute), { ...waiting, sender: 'dead', ...change })).toBe(false);
});
