import type { GlobNode } from './glob-syntax.ts';

/** Code points from and to, both included. */
type Ranges = readonly (readonly [number, number])[];

/**
 * One state of a nondeterministic automaton. With `ranges` it consumes one code point out of them and goes on to
 * `next`; without, it consumes nothing and goes on to each of `either`, and where that is empty the glob is matched.
 */
export type GlobState = { readonly ranges?: Ranges; readonly next: number; readonly either: readonly number[] };

const SLASH = '/'.charCodeAt(0);
const HIGHEST_CODE_POINT = 0x10ffff;

const anything: Ranges = [[0, HIGHEST_CODE_POINT]];
const notSlash: Ranges = withoutSlash(anything);

/** The states of a glob and the one it starts in; there are at most three for each of its characters. */
export function statesOf(nodes: readonly GlobNode[]): { states: readonly GlobState[]; start: number } {
  const states: GlobState[] = [];
  const matched = add(states, { next: -1, either: [] });
  return { states, start: addSequence(states, nodes, matched) };
}

/** Adds what matches the nodes and then goes on to `next`; answers where it begins. Built from the end. */
function addSequence(states: GlobState[], nodes: readonly GlobNode[], next: number): number {
  return nodes.reduceRight((following, node) => addNode(states, node, following), next);
}

function addNode(states: GlobState[], node: GlobNode, next: number): number {
  switch (node.type) {
    case 'literal':
      return addOne(states, [[node.code, node.code]], next);
    case 'character':
      return addOne(states, notSlash, next);
    case 'set':
      return addOne(states, withoutSlash(node.negated ? complement(node.ranges) : node.ranges), next);
    case 'star':
      return addLoop(states, notSlash, next);
    case 'globstar': {
      if (!node.slash) return addLoop(states, anything, next);
      const slash = addOne(states, [[SLASH, SLASH]], next);
      return add(states, { next: -1, either: [next, addLoop(states, anything, slash)] });
    }
    case 'either':
      return add(states, { next: -1, either: node.options.map((option) => addSequence(states, option, next)) });
  }
}

function addOne(states: GlobState[], ranges: Ranges, next: number): number {
  return add(states, { ranges, next, either: [] });
}

function addLoop(states: GlobState[], ranges: Ranges, next: number): number {
  const fork = states.length;
  add(states, { next: -1, either: [next, fork + 1] });
  addOne(states, ranges, fork);
  return fork;
}

function add(states: GlobState[], state: GlobState): number {
  return states.push(state) - 1;
}

function withoutSlash(ranges: Ranges): Ranges {
  return complement([...complement(ranges), [SLASH, SLASH]]);
}

function complement(ranges: Ranges): Ranges {
  const sorted = [...ranges].sort(([a], [b]) => a - b);
  const gaps: [number, number][] = [];
  let from = 0;
  for (const [low, high] of sorted) {
    if (low > from) gaps.push([from, low - 1]);
    from = Math.max(from, high + 1);
  }
  return from <= HIGHEST_CODE_POINT ? [...gaps, [from, HIGHEST_CODE_POINT]] : gaps;
}
