import { type GlobState, statesOf } from './glob-states.ts';
import { parseGlob } from './glob-syntax.ts';

/** Ours: how many sets of states are remembered; more are met only by globs and keys made to be difficult. */
const MOST_REMEMBERED = 1000;

const ASCII = 128;

/** A set of states that can be active together, and what each class of code points makes of it, once asked for. */
type StateSet = {
  readonly members: readonly number[];
  readonly matched: boolean;
  readonly next: (StateSet | undefined)[];
};

/**
 * Compiles a glob (glob-syntax.ts) to a predicate over whole keys. Throws GlobProblem.
 *
 * All ways through the glob are followed at once, so a key costs at most its length times the length of the glob, and
 * about one table look-up per character for what was seen before. A backtracking regular expression, which is what
 * picomatch makes, needs seconds for `*a*a*a*ab` on 300 times "a", and would never end for eight stars on 1,024.
 */
export function compileGlob(text: string): (key: string) => boolean {
  const { states, start } = statesOf(parseGlob(text));
  const classes = classesOf(states);
  const remembered = new Map<string, StateSet>();
  const remember = (members: readonly number[]): StateSet => {
    const name = members.join();
    const known = remembered.get(name);
    if (known !== undefined) return known;
    const matched = members.some((index) => isMatched(states[index]));
    const fresh = { members, matched, next: new Array<StateSet | undefined>(classes.count).fill(undefined) };
    remembered.set(name, fresh);
    return fresh;
  };
  let first = remember(closure(states, [start]));
  return (key) => {
    if (remembered.size > MOST_REMEMBERED) {
      remembered.clear();
      first = remember(first.members);
    }
    let current = first;
    for (let at = 0; at < key.length && current.members.length > 0; at++) {
      const code = key.codePointAt(at) ?? 0;
      if (code > 0xffff) at++;
      const group = code < ASCII ? (classes.ascii[code] ?? 0) : classes.of(code);
      let next = current.next[group];
      if (next === undefined) {
        next = remember(step(states, current.members, classes.sample(group)));
        current.next[group] = next;
      }
      current = next;
    }
    return current.matched;
  };
}

function step(states: readonly GlobState[], members: readonly number[], code: number): readonly number[] {
  const following = members.flatMap((index) => {
    const { ranges = [], next = -1 } = states[index] ?? {};
    return ranges.some(([low, high]) => code >= low && code <= high) ? [next] : [];
  });
  return closure(states, following);
}

/** The states themselves and all that they lead to without consuming anything, in one order. */
function closure(states: readonly GlobState[], from: readonly number[]): readonly number[] {
  const seen = new Set<number>(from);
  for (const index of seen) for (const other of states[index]?.either ?? []) seen.add(other);
  return [...seen]
    .filter((index) => states[index]?.ranges !== undefined || isMatched(states[index]))
    .sort((a, b) => a - b);
}

function isMatched(state: GlobState | undefined): boolean {
  return state !== undefined && state.ranges === undefined && state.either.length === 0;
}

type Classes = {
  readonly count: number;
  readonly ascii: Uint16Array;
  of(code: number): number;
  sample(group: number): number;
};

/** Code points that no state tells apart form one class, numbered from 0; `sample` gives one of them. */
function classesOf(states: readonly GlobState[]): Classes {
  const edges = states.flatMap(({ ranges = [] }) => ranges.flatMap(([low, high]) => [low, high + 1]));
  const starts = [...new Set([0, ...edges])].sort((a, b) => a - b);
  const of = (code: number) => starts.findLastIndex((from) => from <= code);
  const ascii = Uint16Array.from({ length: ASCII }, (_, code) => of(code));
  return { count: starts.length, ascii, of, sample: (group) => starts[group] ?? 0 };
}
