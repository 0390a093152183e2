/** How badly things go for a while. Chances are per call, message or batch. */
export type Turbulence = {
  /** How long a call takes, milliseconds. */
  readonly latencyMs: readonly [number, number];
  /** Calls that take much longer, up to `slowestMs`. */
  readonly slow: number;
  readonly slowestMs: number;
  /** The process ends in the middle of things, before or after a call took effect. */
  readonly crash: number;
  /** The process stands still before its call is sent, and goes on later with what it had in hand. */
  readonly pause: number;
  readonly pauseMs: readonly [number, number];
  /** The store, queue, bus or Scheduler refuses a call: nothing took effect. */
  readonly refused: number;
  /** A call took effect, and its answer was lost. */
  readonly unknown: number;
  /** A message, tick or batch of changes is delivered once more. */
  readonly duplicate: number;
  /** A message is lost for good. */
  readonly lost: number;
  /** Somebody changes the bucket right while a page of it is listed. */
  readonly meddling: number;
};

export const calm: Turbulence = {
  latencyMs: [1, 12],
  slow: 0,
  slowestMs: 0,
  crash: 0,
  pause: 0,
  pauseMs: [0, 0],
  refused: 0,
  unknown: 0,
  duplicate: 0.01,
  lost: 0,
  meddling: 0.01,
};

/** Kinds of bad weather, each of which would hide what another one shows if there were only one. */
export const storms: Readonly<Record<string, Turbulence>> = {
  crashes: { ...calm, latencyMs: [1, 2000], crash: 0.02, duplicate: 0.1, meddling: 0.2 },
  pauses: {
    ...calm,
    latencyMs: [1, 1000],
    pause: 0.02,
    pauseMs: [1000, 1_000_000],
    duplicate: 0.2,
    meddling: 0.2,
    slow: 0.02,
    slowestMs: 25_000,
  },
  refusals: { ...calm, latencyMs: [1, 500], refused: 0.02, unknown: 0.02, meddling: 0.1 },
  repeats: { ...calm, latencyMs: [1, 8000], duplicate: 0.5, lost: 0.05, meddling: 0.2 },
  slowness: { ...calm, latencyMs: [100, 12_000], slow: 0.05, slowestMs: 25_000, duplicate: 0.1, meddling: 0.3 },
  everything: {
    latencyMs: [1, 3000],
    slow: 0.02,
    slowestMs: 25_000,
    crash: 0.005,
    pause: 0.005,
    pauseMs: [1000, 1_000_000],
    refused: 0.005,
    unknown: 0.005,
    duplicate: 0.2,
    lost: 0.02,
    meddling: 0.2,
  },
};
