import type { Clock, Log } from '#core/model/ports/host.ts';
import type { Table } from '#core/model/ports/table.ts';
import { describeError } from '../process/describe-error.ts';
import type { TimerHandle, Timers } from '../process/timers.ts';
import {
  latestDue,
  nextDue,
  readStoredSchedule,
  SCHEDULES_PK,
  type StoredSchedule,
  withoutFiringsAhead,
} from './stored-schedule.ts';
import type { Turns } from './turns.ts';

/** One firing. `scheduledTime` is when it was due: RFC 3339, UTC, whole seconds. */
export type Tick = { readonly name: string; readonly input: string; readonly scheduledTime: string };

export type TimerSchedulesOptions = {
  readonly table: Table;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Rejecting is logged and has no other effect. */
  readonly onTick: (tick: Tick) => Promise<void>;
};

/** Where Scheduler puts the scheduled time into a target's input. */
const SCHEDULED_TIME = '<aws.scheduler.scheduled-time>';
/** When the store failed, the schedule is looked at again: it would else be silent until the next start. */
const RETRY_MS = 60_000;

/** Fires stored schedules: one timer each, for its next moment. All reading and writing happens in turns. */
export class FiringLoop {
  readonly #options: TimerSchedulesOptions;
  readonly #inTurn: Turns;
  readonly #armed = new Map<string, TimerHandle>();
  readonly #inFlight = new Set<Promise<void>>();
  #running = false;

  constructor(options: TimerSchedulesOptions, inTurn: Turns) {
    this.#options = options;
    this.#inTurn = inTurn;
  }

  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    const names: string[] = [];
    for await (const { sk } of this.#options.table.query({ pk: SCHEDULES_PK })) names.push(sk);
    for (const name of names) await this.#fire(name, true);
  }

  async stop(): Promise<void> {
    this.#running = false;
    for (const name of [...this.#armed.keys()]) this.disarm(name);
    await this.#inTurn(async () => undefined);
    await Promise.all(this.#inFlight);
  }

  /** Waits for the schedule's next moment, instead of the one it waited for before. */
  arm(stored: StoredSchedule): void {
    const next = nextDue(stored);
    if (next === undefined) this.disarm(stored.sk);
    else this.#armAt(stored.sk, next);
  }

  disarm(name: string): void {
    const handle = this.#armed.get(name);
    if (handle) this.#options.timers.clear(handle);
    this.#armed.delete(name);
  }

  #armAt(name: string, at: number): void {
    this.disarm(name);
    if (!this.#running) return;
    this.#armed.set(
      name,
      this.#options.timers.set(at, () => void this.#fire(name, false)),
    );
  }

  /** `resume`: also hands on what a crash cut short. Never rejects. */
  async #fire(name: string, resume: boolean): Promise<void> {
    try {
      await this.#inTurn(() => this.#fireInTurn(name, resume));
    } catch (error) {
      this.#options.log.error('schedule not fired', { schedule: name, ...describeError(error) });
      this.#armAt(name, this.#options.clock.now() + RETRY_MS);
    }
  }

  async #fireInTurn(name: string, resume: boolean): Promise<void> {
    const { table, clock } = this.#options;
    const found = await readStoredSchedule(table, name);
    if (!this.#running || found?.state !== 'enabled') return;
    const stored = this.#inTime(found);
    const { unfinished, ...rest } = stored;
    const due = latestDue(stored, clock.now());
    const firing = due ?? (resume ? unfinished : undefined);
    if (firing === undefined) return this.arm(stored);
    // What a crash cut short is stored as finished before it is tried again: if it is what crashes us, then only once.
    const fired = due === undefined ? rest : { ...rest, firedThrough: due, unfinished: due };
    await table.put(fired);
    this.arm(fired);
    this.#track(this.#handOn(stored, firing));
  }

  #inTime(stored: StoredSchedule): StoredSchedule {
    const { clock } = this.#options;
    const mended = withoutFiringsAhead(stored, clock.now());
    if (mended !== undefined) clock.noteAhead?.(stored.firedThrough);
    return mended ?? stored;
  }

  #track(tick: Promise<void>): void {
    this.#inFlight.add(tick);
    void tick.finally(() => this.#inFlight.delete(tick));
  }

  /** Never rejects. */
  async #handOn({ sk: name, input }: StoredSchedule, firing: number): Promise<void> {
    const { onTick, log } = this.#options;
    const scheduledTime = `${new Date(firing).toISOString().slice(0, 19)}Z`;
    try {
      await onTick({ name, input: input.replaceAll(SCHEDULED_TIME, scheduledTime), scheduledTime });
    } catch (error) {
      log.error('tick failed', { schedule: name, scheduled_time: scheduledTime, ...describeError(error) });
    }
    try {
      await this.#inTurn(() => this.#finish(name, firing));
    } catch (error) {
      log.error('tick not recorded', { schedule: name, scheduled_time: scheduledTime, ...describeError(error) });
    }
  }

  async #finish(name: string, firing: number): Promise<void> {
    const stored = await readStoredSchedule(this.#options.table, name);
    if (stored?.unfinished !== firing) return;
    const { unfinished: _, ...finished } = stored;
    await this.#options.table.put(finished);
  }
}
