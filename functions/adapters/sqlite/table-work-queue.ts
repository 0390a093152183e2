import { wasAhead } from '#core/model/ahead.ts';
import type { Clock, Ids, Log } from '#core/model/ports/host.ts';
import type { Table } from '#core/model/ports/table.ts';
import type { WorkQueue } from '#core/model/ports/work-queue.ts';
import { describeError } from '../process/describe-error.ts';
import type { TimerHandle, Timers } from '../process/timers.ts';
import { Beginning } from './beginning.ts';
import { withinLease } from './slot-lease.ts';
import { dueTimeOf, idOf, messageSortKey, parseStoredMessage, type StoredMessage } from './stored-message.ts';

export type TableWorkQueueOptions = {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly timers: Timers;
  readonly log: Log;
  /** Resolving ends the message, rejecting brings it again, and so does saying nothing for the length of a lease. */
  readonly consume: (message: unknown, delivery: Delivery) => Promise<void>;
  /** How long a consumer may take, counted from the last time it said that it is alive. 15 minutes by default. */
  readonly leaseMs?: number;
  /** At most so many messages at once. */
  readonly concurrency?: number;
  /** Of these, at most so many that began within the last second: what is due at once begins in turn, and what lasts longer,
   *  for its server hangs, keeps nobody else from beginning. As many as may be at once by default. */
  readonly beginning?: number;
  /** After so many deliveries a message goes to the dead letters. */
  readonly maxAttempts?: number;
  /** After the first failed delivery; the n-th waits n times as long. */
  readonly retryDelayMs?: number;
  readonly queue?: string;
};

export type Delivery = {
  /** Counts from 1. */
  readonly attempt: number;
  /** Says that the work goes on: its lease begins anew. */
  readonly alive: () => void;
};

export type TableWorkQueue = WorkQueue & {
  /** Begins to deliver, first of all what an ended process left behind. */
  start(): Promise<void>;
  /** Delivers no more; ends when the deliveries in flight have ended. */
  stop(): Promise<void>;
};

/** As long as an invocation may take on AWS: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const LEASE_MS = 900_000;
/** The founding system's retry_delay_in_ms. */
const RETRY_DELAY_MS = 10_000;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const LONGEST_DELAY_SECONDS = 900;
/** Fourteen days, as long as SQS keeps a message at most. */
const DEAD_LETTER_SECONDS = 14 * 24 * 60 * 60;

/**
 * A durable queue in the table, for the one process that owns it. A message is deleted after its consumer resolved, so
 * what a killed process had begun is delivered again. Each delivery is counted before it begins: a message that kills
 * the process ends in the dead letters (`dead#<queue>`) too.
 */
export function createTableWorkQueue(options: TableWorkQueueOptions): TableWorkQueue {
  return new DurableQueue(options);
}

class DurableQueue implements TableWorkQueue {
  readonly #options: TableWorkQueueOptions;
  readonly #pk: string;
  readonly #deadPk: string;
  readonly #concurrency: number;
  readonly #beginning: Beginning;
  readonly #maxAttempts: number;
  readonly #retryDelayMs: number;
  readonly #leaseMs: number;
  readonly #longestDelayMs: number;
  readonly #claimed = new Set<string>();
  readonly #ended = new Set<string>();
  readonly #inFlight = new Set<Promise<void>>();
  #running = false;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #timer: TimerHandle | undefined;
  #pausedUntil = 0;

  constructor(options: TableWorkQueueOptions) {
    const { queue = 'work', concurrency = 4, maxAttempts = 5 } = options;
    const { retryDelayMs = RETRY_DELAY_MS, leaseMs = LEASE_MS } = options;
    this.#options = options;
    this.#pk = `queue#${queue}`;
    this.#deadPk = `dead#${queue}`;
    this.#concurrency = concurrency;
    this.#beginning = new Beginning(options, options.beginning ?? concurrency, () => this.#wake());
    this.#maxAttempts = maxAttempts;
    this.#retryDelayMs = retryDelayMs;
    this.#leaseMs = leaseMs;
    this.#longestDelayMs = Math.max(LONGEST_DELAY_SECONDS * 1000, retryDelayMs * maxAttempts);
  }

  async send(message: unknown, { delaySeconds = 0 }: { delaySeconds?: number } = {}): Promise<void> {
    if (!Number.isInteger(delaySeconds) || delaySeconds < 0 || delaySeconds > LONGEST_DELAY_SECONDS) {
      throw new RangeError(`a message can be delayed by 0–${LONGEST_DELAY_SECONDS} whole seconds, not ${delaySeconds}`);
    }
    const { table, clock, ids } = this.#options;
    const sk = messageSortKey(clock.now() + delaySeconds * 1000, ids.unique());
    await table.put({ pk: this.#pk, sk, v: 1, message, attempt: 0 });
    this.#wake();
  }

  async start(): Promise<void> {
    this.#running = true;
    this.#wake();
    await this.#looking;
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#wakeAt(undefined);
    await this.#looking;
    await Promise.all(this.#inFlight);
  }

  #wakeAt(at: number | undefined): void {
    if (this.#timer) this.#options.timers.clear(this.#timer);
    this.#timer = at === undefined ? undefined : this.#options.timers.set(at, () => this.#wake());
  }

  /** Looks for due messages; while that goes on, it is noted to look once more. */
  #wake(): void {
    this.#lookAgain = true;
    if (this.#running) this.#looking ??= this.#look();
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    while (this.#lookAgain && this.#running) {
      this.#lookAgain = false;
      try {
        await this.#deliverDue();
      } catch (error) {
        this.#pause(error);
      }
    }
    // In one step with the loop's last look at the flag: a wake-up later than that starts a new look.
    this.#looking = undefined;
  }

  /** The store failing one message fails them all: it is left alone for a while. */
  #pause(error: unknown): void {
    this.#options.log.error('work queue stopped for a while', { queue: this.#pk, ...describeError(error) });
    this.#pausedUntil = this.#options.clock.now() + this.#retryDelayMs;
    if (this.#running) this.#wakeAt(this.#pausedUntil);
  }

  async #deliverDue(): Promise<void> {
    const { table, clock } = this.#options;
    // Never longer than a pause lasts, wherever the clock was when it began.
    this.#pausedUntil = Math.min(this.#pausedUntil, clock.now() + this.#retryDelayMs);
    if (clock.now() < this.#pausedUntil) return this.#wakeAt(this.#pausedUntil);
    this.#wakeAt(undefined);
    // A message that ends while the query is read may still be in it: its claim is given up before the next query only.
    for (const sk of this.#ended) this.#claimed.delete(sk);
    this.#ended.clear();
    // More are not needed: if the first so many are all claimed, the queue is busy, and wakes when one of them ends.
    for await (const item of table.query({ pk: this.#pk, limit: this.#concurrency })) {
      if (this.#claimed.has(item.sk)) continue;
      const stored = parseStoredMessage(item);
      if (!this.#running || this.#inFlight.size >= this.#concurrency || this.#beginning.isFull()) return;
      const due = dueTimeOf(stored);
      if (due > clock.now() && !wasAhead(clock, due, this.#longestDelayMs)) return this.#wakeAt(due);
      this.#claim(stored);
    }
  }

  #claim(stored: StoredMessage): void {
    this.#claimed.add(stored.sk);
    const ended = this.#beginning.begin();
    const delivery = this.#deliver(stored)
      .catch((error) => this.#pause(error))
      .finally(() => {
        ended();
        this.#ended.add(stored.sk);
        this.#inFlight.delete(delivery);
        this.#wake();
      });
    this.#inFlight.add(delivery);
  }

  /** Rejects when the store does, never because the consumer did. */
  async #deliver(stored: StoredMessage): Promise<void> {
    const { table, consume } = this.#options;
    const attempt = stored.attempt + 1;
    if (attempt > this.#maxAttempts) return this.#bury(stored, new Error('the process ended during the last delivery'));
    await table.put({ ...stored, attempt });
    try {
      await withinLease(this.#options, this.#leaseMs, (alive) => consume(stored.message, { attempt, alive }));
    } catch (error) {
      return this.#failed({ ...stored, attempt }, error);
    }
    await table.delete({ pk: stored.pk, sk: stored.sk });
  }

  async #failed(stored: StoredMessage, error: unknown): Promise<void> {
    const { table, clock, log } = this.#options;
    if (stored.attempt >= this.#maxAttempts) return this.#bury(stored, error);
    const delay = this.#retryDelayMs * stored.attempt;
    log.warn('message failed, to be tried again', {
      ...this.#describe(stored),
      delay_ms: delay,
      ...describeError(error),
    });
    const due = clock.now() + delay;
    // Always another key than before, even where the clock was set back.
    const sk = messageSortKey(due === dueTimeOf(stored) ? due + 1 : due, idOf(stored));
    await table.transact([{ delete: { pk: stored.pk, sk: stored.sk } }, { put: { ...stored, sk } }]);
  }

  async #bury(stored: StoredMessage, error: unknown): Promise<void> {
    const { table, clock, log } = this.#options;
    const now = clock.now();
    const sk = messageSortKey(now, idOf(stored));
    const ttl = Math.floor(now / 1000) + DEAD_LETTER_SECONDS;
    const dead = { ...stored, pk: this.#deadPk, sk, error: describeError(error).message, ttl };
    await table.transact([{ delete: { pk: stored.pk, sk: stored.sk } }, { put: dead }]);
    log.error('message given up, kept in the dead letters', { ...this.#describe(stored), ...describeError(error) });
  }

  #describe(stored: StoredMessage): Readonly<Record<string, unknown>> {
    return { queue: this.#pk, id: idOf(stored), attempt: stored.attempt };
  }
}
