/** A schedule as EventBridge Scheduler knows it; `expression` is in its grammar: rate(…) or cron(…). */
export type Schedule = {
  /** At most 64 of [0-9A-Za-z-_.]. */
  readonly name: string;
  readonly expression: string;
  /** IANA name, for cron. */
  readonly timezone: string;
  readonly state: 'enabled' | 'disabled';
  /** From when a rate counts: its first firing, epoch milliseconds. */
  readonly startAt: number;
  /** What each tick carries; JSON. */
  readonly input: string;
};

/** A schedule as it stands, whoever wrote it last. */
export type LiveSchedule = Schedule & {
  /** When it was last changed, epoch milliseconds. */
  readonly modifiedAt: number;
  /**
   * It starts something else than what a put has it start, under another role, or loses what cannot be delivered: a
   * deployment has replaced these, or somebody has edited them. A put mends it.
   */
  readonly misdirected?: true;
};

/** A schedule as a list shows it. What a list lacks may stand all the same; only reading it tells. */
export type ListedSchedule = Pick<LiveSchedule, 'name' | 'state' | 'modifiedAt'>;

/** Keeps schedules and fires them; a put replaces the whole schedule. Removing a missing one does nothing. */
export interface Schedules {
  put(schedule: Schedule): Promise<void>;
  remove(name: string): Promise<void>;
  read(name: string): Promise<LiveSchedule | undefined>;
  /** All of them, in no particular order. What they start and when is read one by one. */
  list(): AsyncIterable<ListedSchedule>;
}
