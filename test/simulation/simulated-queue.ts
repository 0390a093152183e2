import type { WorkQueue } from '#core/model/ports/work-queue.ts';
import type { RandomSource } from './random-source.ts';
import type { SimulatedTime } from './simulated-time.ts';
import type { Trace } from './trace.ts';
import type { Turbulence } from './turbulence.ts';

/** How an invocation ended: its work done, an error thrown, or killed without a word. */
export type Outcome = 'done' | 'failed' | 'died';

export type SimulatedQueue = WorkQueue & {
  /** Messages that are under way or being handled. */
  readonly waiting: number;
  /** Messages that were given up, and lost ones. */
  readonly dead: readonly string[];
};

/** As infra/aws/constructs/work-queue.ts sets it up. */
const mostReceives = 5;

/** Delivers at least once, in no order: SQS as its documentation has it. */
export function createSimulatedQueue(deps: {
  readonly time: SimulatedTime;
  readonly random: RandomSource;
  readonly trace: Trace;
  readonly weather: () => Turbulence;
  /** What was handed to an invocation that died comes back after this long. */
  readonly visibilityMs: number;
  readonly handle: (message: unknown, done: (outcome: Outcome) => void) => void;
}): SimulatedQueue {
  const { time, random, weather } = deps;
  const dead: string[] = [];
  let waiting = 0;

  const deliverAfter = (milliseconds: number, body: string, receives: number): void => {
    waiting += 1;
    time.after(milliseconds, () => {
      deps.trace.note(time.clock.now(), 'queue', 'delivers', body);
      deps.handle(JSON.parse(body), (outcome) => {
        waiting -= 1;
        if (outcome === 'done') return;
        if (receives >= mostReceives) dead.push(body);
        else deliverAfter(outcome === 'died' ? deps.visibilityMs : 10_000 * receives, body, receives + 1);
      });
    });
  };

  return {
    async send(message, { delaySeconds = 0 } = {}) {
      if (!Number.isInteger(delaySeconds) || delaySeconds < 0 || delaySeconds > 900) {
        throw new RangeError(`a delay of ${delaySeconds} s`);
      }
      const body = JSON.stringify(message);
      if (random.chance(weather().lost)) {
        dead.push(body);
        return;
      }
      const copies = random.chance(weather().duplicate) ? random.between(2, 3) : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        const late = copy === 0 ? random.between(5, 500) : random.between(5, 120_000);
        deliverAfter(delaySeconds * 1000 + late, body, 1);
      }
    },
    get waiting() {
      return waiting;
    },
    dead,
  };
}
