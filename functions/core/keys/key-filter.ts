import { compileExtensions } from './extension.ts';
import { compileGlob } from './glob-match.ts';
import { type GlobNode, GlobProblem, parseGlob } from './glob-syntax.ts';

export type KeyFilter = {
  /** As extension.ts has it: one of them must fit. Empty or absent: all. */
  readonly extensions?: readonly string[] | undefined;
  /** Globs of which one must match. Empty or absent: all. */
  readonly include?: readonly string[] | undefined;
  /** Globs of which none may match, whatever the others say. */
  readonly exclude?: readonly string[] | undefined;
};

/** Ours: the longest glob, in UTF-16 units, and the most runs of wildcards in it. They keep a filter cheap enough to
 *  ask it for each of a billion keys: matching costs key length × glob length at worst. */
const LONGEST_GLOB = 256;
const MOST_WILDCARDS = 8;

/**
 * Compiles the filters of a datasource to one predicate over keys, folder markers included (a marker has no
 * extension). Keys are taken literally, byte for byte. Throws GlobProblem for globs that validateGlob refuses.
 */
export function compileFilter(filter: KeyFilter): (key: string) => boolean {
  const { extensions = [] } = filter;
  const hasExtension = extensions.length === 0 ? undefined : compileExtensions(extensions);
  const include = (filter.include ?? []).map(compileValid);
  const exclude = (filter.exclude ?? []).map(compileValid);
  return (key) => {
    if (hasExtension !== undefined && !hasExtension(key)) return false;
    if (include.length > 0 && !include.some((matches) => matches(key))) return false;
    return !exclude.some((matches) => matches(key));
  };
}

/** Why a text is no glob we take (glob-syntax.ts has the grammar); undefined when it is one. */
export function validateGlob(text: string): string | undefined {
  if (text === '') return 'a glob must not be empty; write ** for everything';
  if (text.length > LONGEST_GLOB) return `a glob must be at most ${LONGEST_GLOB} characters`;
  if (!text.isWellFormed()) return 'a glob must be valid Unicode text';
  if (text.startsWith('!')) return 'a glob cannot be negated: put it into exclude, or write \\! for a literal one';
  try {
    const wildcards = countWildcards(parseGlob(text));
    if (wildcards <= MOST_WILDCARDS) return undefined;
    return `a glob must have at most ${MOST_WILDCARDS} wildcards (runs of * ? [ ] count as one, each { } counts too), this one has ${wildcards}`;
  } catch (error) {
    if (error instanceof GlobProblem) return `the glob cannot be read: ${error.message}`;
    throw error;
  }
}

/**
 * Why a glob that can be read is hardly what was meant; undefined for all others, and for texts that are no glob. `**`
 * beside other characters finds no more than `*` does, where whoever wrote it wants what lies in folders below, too.
 */
export function globDoubt(text: string): string | undefined {
  if (validateGlob(text) !== undefined || !hasIdleStars(parseGlob(text))) return undefined;
  const meant = text.replace(/(^|\/)\*\*+(?=[^*/])/g, '$1**/*');
  const hint = hasIdleStars(parseGlob(meant)) ? 'such as docs/** or **/*.csv' : `${meant} for that in any folder`;
  return `has ** beside other characters, where it finds no more than *: write it as a whole segment, ${hint}, or * for within one folder`;
}

function hasIdleStars(nodes: readonly GlobNode[]): boolean {
  return nodes.some((node) => {
    if (node.type === 'either') return node.options.some(hasIdleStars);
    return node.type === 'star' && node.count > 1;
  });
}

function compileValid(text: string): (key: string) => boolean {
  const problem = validateGlob(text);
  if (problem !== undefined) throw new GlobProblem(problem);
  return compileGlob(text);
}

/** Wildcards side by side count once; braces count once and bring along what their options have. */
function countWildcards(nodes: readonly GlobNode[]): number {
  return nodes.reduce((sum, node, i) => {
    if (node.type === 'literal') return sum;
    if (node.type === 'either')
      return sum + 1 + node.options.reduce((within, option) => within + countWildcards(option), 0);
    const before = nodes[i - 1]?.type;
    return before === undefined || before === 'literal' || before === 'either' ? sum + 1 : sum;
  }, 0);
}
