import { ConditionFailed } from '#core/model/errors.ts';
import type { RandomSource } from './random-source.ts';
import type { SimulatedTime } from './simulated-time.ts';
import type { Trace } from './trace.ts';
import { calm, type Turbulence } from './turbulence.ts';

/** A store, queue or bus that refuses, or whose answer was lost. Nothing else is thrown at our code by a simulation. */
export class InjectedFault extends Error {
  override readonly name = 'InjectedFault';
  /** Nothing took effect. */
  readonly refused: boolean;

  constructor(message: string, refused = false) {
    super(message);
    this.refused = refused;
  }
}

/** What all processes of a simulation share. */
export type ProcessSurroundings = {
  readonly time: SimulatedTime;
  readonly random: RandomSource;
  readonly trace: Trace;
  /** How things go now. */
  readonly weather: () => Turbulence;
  /** How long a process is made to stand still before one call, milliseconds, whatever the weather. */
  readonly lull: (process: SimulatedProcess, what: string) => number;
  /** Told when the weather ends a process. */
  readonly onCrash: (process: SimulatedProcess) => void;
  readonly figures: { crashes: number; pauses: number; faults: number; conditionsRefused: number };
};

/** What may go wrong with one call, beside what may happen to its process. */
export type CallOptions = {
  readonly fallible?: boolean;
  /** The answer takes this much longer, milliseconds; asked for once the call took effect. */
  readonly extraMs?: () => number;
};

/**
 * One invocation: whatever it asks of the outside waits in the queue of what is to happen. A dead one's calls are
 * never answered, as a process that was killed never learns how they ended.
 */
export class SimulatedProcess {
  readonly name: string;
  readonly startedAt: number;
  /** Users' own requests are spared the weather: what became of them would be unknown to the user as well. */
  readonly spared: boolean;
  alive = true;
  #pausedUntil = 0;
  readonly #around: ProcessSurroundings;

  constructor(name: string, around: ProcessSurroundings, spared = false) {
    this.name = name;
    this.spared = spared;
    this.startedAt = around.time.clock.now();
    this.#around = around;
  }

  call<T>(what: string, effect: () => T | Promise<T>, options: CallOptions = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#around.time.after(this.#latency(), () => this.#arrive({ what, effect, options, resolve, reject }));
    });
  }

  /** Stands still from its next call on. */
  pause(milliseconds: number): void {
    this.#pausedUntil = this.#around.time.clock.now() + milliseconds;
    this.#around.figures.pauses += 1;
  }

  end(): void {
    this.alive = false;
  }

  #weather(): Turbulence {
    return this.spared ? calm : this.#around.weather();
  }

  #latency(): number {
    const { random } = this.#around;
    const { latencyMs, slow, slowestMs } = this.#weather();
    return random.chance(slow) ? random.between(latencyMs[1], slowestMs) : random.between(...latencyMs);
  }

  #arrive<T>(given: Call<T>): void {
    const { time, random, trace, figures } = this.#around;
    if (!this.alive) return;
    const weather = this.#weather();
    const lull = this.#pausedUntil > time.clock.now() ? 0 : this.#around.lull(this, given.what);
    if (lull > 0 || random.chance(weather.pause)) {
      this.pause(lull > 0 ? lull : random.between(...weather.pauseMs));
      trace.note(time.clock.now(), this.name, 'stands still before', given.what);
    }
    if (this.#pausedUntil > time.clock.now()) {
      time.at(this.#pausedUntil, () => this.#arrive(given));
      return;
    }
    if (random.chance(weather.crash)) {
      this.#crash(given, random.chance(0.5));
      return;
    }
    if (given.options.fallible && random.chance(weather.refused)) {
      figures.faults += 1;
      trace.note(time.clock.now(), this.name, 'is refused', given.what);
      given.reject(new InjectedFault('refused', true));
      return;
    }
    this.#perform(given, given.options.fallible === true && random.chance(weather.unknown));
  }

  #crash<T>({ what, effect }: Call<T>, afterwards: boolean): void {
    const { time, trace, figures, onCrash } = this.#around;
    trace.note(time.clock.now(), this.name, afterwards ? 'dies after' : 'dies before', what);
    figures.crashes += 1;
    this.end();
    if (afterwards)
      void Promise.resolve()
        .then(effect)
        .catch(() => undefined);
    onCrash(this);
  }

  #perform<T>({ what, effect, options, resolve, reject }: Call<T>, loseAnswer: boolean): void {
    const { time, trace, figures } = this.#around;
    const fail = (error: unknown): void => {
      if (error instanceof ConditionFailed) {
        figures.conditionsRefused += 1;
        trace.note(time.clock.now(), this.name, 'finds its condition broken', what);
      }
      reject(error);
    };
    trace.note(time.clock.now(), this.name, what);
    let answer: T | Promise<T>;
    try {
      answer = effect();
    } catch (error) {
      this.#answer(options, () => fail(error));
      return;
    }
    if (loseAnswer) {
      figures.faults += 1;
      trace.note(time.clock.now(), this.name, 'gets no answer', what);
      Promise.resolve(answer).catch(() => undefined);
      reject(new InjectedFault('the answer was lost'));
    } else if (answer instanceof Promise) {
      answer.then(
        (value) => this.#answer(options, () => resolve(value)),
        (error) => this.#answer(options, () => fail(error)),
      );
    } else {
      const value = answer;
      this.#answer(options, () => resolve(value));
    }
  }

  #answer({ extraMs }: CallOptions, tell: () => void): void {
    const wait = extraMs?.() ?? 0;
    if (wait === 0) tell();
    else this.#around.time.after(wait, () => this.alive && tell());
  }
}

type Call<T> = {
  readonly what: string;
  readonly effect: () => T | Promise<T>;
  readonly options: CallOptions;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
};
