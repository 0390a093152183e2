import type { Clock } from '#core/model/ports/host.ts';
import type { TimerHandle, Timers } from '../process/timers.ts';

/** Of a sync that finds little changed there is nothing left after so long; what still goes on waits for somebody else. */
const beginningMs = 1000;

/** Counts what began within the last second: the places that work takes while it begins, and gives back when it lasts. */
export class Beginning {
  readonly #options: { readonly clock: Clock; readonly timers: Timers };
  readonly #most: number;
  readonly #freed: () => void;
  readonly #young = new Set<{ timer: TimerHandle }>();

  /** @param freed is called where a place came free because its work lasts longer. */
  constructor(options: { readonly clock: Clock; readonly timers: Timers }, most: number, freed: () => void) {
    this.#options = options;
    this.#most = most;
    this.#freed = freed;
  }

  isFull(): boolean {
    return this.#young.size >= this.#most;
  }

  /** Takes a place; returns what is to be called when the work ended. */
  begin(): () => void {
    const { clock, timers } = this.#options;
    const place = {
      timer: timers.set(clock.now() + beginningMs, () => {
        this.#young.delete(place);
        this.#freed();
      }),
    };
    this.#young.add(place);
    return () => {
      timers.clear(place.timer);
      this.#young.delete(place);
    };
  }
}
