/** What happened in a simulation, step by step: the last of it in words, all of it as a hash. */
export type Trace = {
  /** One fact. `time` in epoch milliseconds. */
  note(time: number, who: string, what: string, detail?: string): void;
  /** Equal for two simulations that went the same way. */
  hash(): string;
  readonly steps: number;
  /** The last facts, one line each; only those that mention `about`. */
  last(lines: number, about?: string): string[];
};

type Fact = { readonly time: number; readonly who: string; readonly what: string; readonly detail: string };

/** More of the past than this is not kept. */
const kept = 100_000;

export function createTrace(): Trace {
  const facts: Fact[] = [];
  let steps = 0;
  let hash = 0x811c9dc5;
  const mix = (text: string): void => {
    for (let index = 0; index < text.length; index += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    }
  };
  return {
    note(time, who, what, detail = '') {
      facts[steps % kept] = { time, who, what, detail };
      steps += 1;
      hash = Math.imul(hash ^ (time % 2 ** 31), 0x01000193);
      mix(who);
      mix(what);
      mix(detail);
    },
    hash: () => (hash >>> 0).toString(16).padStart(8, '0'),
    get steps() {
      return steps;
    },
    last(lines, about = '') {
      const found: string[] = [];
      const first = Math.max(0, steps - kept);
      for (let step = steps - 1; step >= first && found.length < lines; step -= 1) {
        const line = lineOf(facts[step % kept]);
        if (line.includes(about)) found.push(line);
      }
      return found.reverse();
    },
  };
}

function lineOf(fact: Fact | undefined): string {
  if (fact === undefined) return '';
  const { time, who, what, detail } = fact;
  return `${new Date(time).toISOString()} ${who.padEnd(16)} ${what} ${detail}`.trimEnd();
}
