/** Time and chance, as they are asked for by what waits between tries. */
export type Patience = {
  readonly wait: (milliseconds: number) => Promise<void>;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

export const systemPatience: Patience = {
  wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  random: Math.random,
  now: Date.now,
};

/**
 * What may pass by itself.
 * - throttled: the server asks for fewer requests
 * - unwell: a server error, or a connection that broke
 * - slow: the time of a try was used up
 * - skewed: the clocks differ; the SDK has noted by how much, and signs the next try by the server's clock
 */
export type Trouble = 'throttled' | 'unwell' | 'slow' | 'skewed';

/** Why there is no further try. */
export type GivenUp = 'tries' | 'time' | 'budget' | 'told_to_wait';

export type Verdict = { readonly waitMs: number } | { readonly givenUp: GivenUp };

type Rule = { readonly tries: number; readonly firstDelayMs: number; readonly cost: number };

/** S3 answers SlowDown for seconds while it splits a partition; a server that drips is not worth a third try. */
const rules: Readonly<Record<Trouble, Rule>> = {
  throttled: { tries: 6, firstDelayMs: 500, cost: 1 },
  unwell: { tries: 3, firstDelayMs: 100, cost: 1 },
  slow: { tries: 2, firstDelayMs: 100, cost: 5 },
  skewed: { tries: 2, firstDelayMs: 0, cost: 1 },
};

const LONGEST_DELAY_MS = 8_000;

/** A server that wants a longer pause than this is left alone until the next sync. */
const LONGEST_RETRY_AFTER_MS = 20_000;

/** A bucket in trouble costs at most so many tries more, and one in ten of the calls that go well. */
const BUDGET = 50;
const REFUND = 0.1;

/** Pace between calls after throttling: doubled by each SlowDown, halved by each call that goes well. */
const FIRST_PACE_MS = 50;
const LONGEST_PACE_MS = 2_000;

/** How patient one bucket may be; shared by all that ask it at once, so that they slow down together. */
export class Retries {
  readonly #patience: Patience;
  #budget = BUDGET;
  #paceMs = 0;

  constructor(patience: Patience) {
    this.#patience = patience;
  }

  /** Waits before a call for as long as the server's last complaints suggest. */
  async pace(): Promise<void> {
    if (this.#paceMs > 0) await this.#patience.wait(this.#jittered(this.#paceMs));
  }

  wentWell(): void {
    this.#budget = Math.min(BUDGET, this.#budget + REFUND);
    this.#paceMs = this.#paceMs > FIRST_PACE_MS ? this.#paceMs / 2 : 0;
  }

  /**
   * Says whether to try again after `tries` tries, and when.
   *
   * @param retryAfterMs what the server asked for; a longer wait is kept, a shorter one is not.
   * @param leftMs what is left of the time for the whole call.
   */
  judge(trouble: Trouble, tries: number, retryAfterMs: number, leftMs: number): Verdict {
    if (trouble === 'throttled') {
      this.#paceMs = Math.min(LONGEST_PACE_MS, Math.max(FIRST_PACE_MS, this.#paceMs * 2));
    }
    const rule = rules[trouble];
    if (retryAfterMs > Math.min(LONGEST_RETRY_AFTER_MS, leftMs)) return { givenUp: 'told_to_wait' };
    if (tries >= rule.tries) return { givenUp: 'tries' };
    const delayMs = this.#jittered(Math.min(LONGEST_DELAY_MS, rule.firstDelayMs * 2 ** (tries - 1)));
    const waitMs = Math.max(retryAfterMs, delayMs);
    if (waitMs >= leftMs) return { givenUp: 'time' };
    if (this.#budget < rule.cost) return { givenUp: 'budget' };
    this.#budget -= rule.cost;
    return { waitMs };
  }

  /** Between half and whole, so that those who were refused together do not come back together. */
  #jittered(milliseconds: number): number {
    return Math.ceil(milliseconds * (0.5 + this.#patience.random() / 2));
  }
}

/** What a Retry-After header asks for, in milliseconds; 0 when it is missing or neither seconds nor a date. */
export function retryAfterOf(header: string | undefined, serverTime: number): number {
  if (header === undefined) return 0;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const at = /^[A-Z][a-z]{2}, /.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? 0 : Math.max(0, at - serverTime);
}
