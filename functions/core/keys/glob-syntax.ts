/**
 * Globs over keys, read here and matched in glob-match.ts. A key is text, not a path: nothing in it is special but `/`.
 *
 * - `*` any characters but `/`, or none; `?` one character but `/`
 * - `**` as a whole segment: any segments, or none. `a/**` is all below `a/`, and `**` followed by `/x` also finds `x`
 * - `[abc]`, `[a-z]`, `[!a-z]` one character of a set, never `/`
 * - `{pdf,docx}` one of several globs; they nest
 * - `\` takes the next character literally
 *
 * Everything else stands for itself, parentheses, quotes, leading dots and control characters included.
 * A character is a Unicode code point; upper and lower case differ.
 */
export type GlobNode =
  | { readonly type: 'literal'; readonly code: number }
  | { readonly type: 'set'; readonly negated: boolean; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly type: 'character' }
  /** So many `*` in a row; more than one find no more than one. */
  | { readonly type: 'star'; readonly count: number }
  /** `**`; with `slash` its following `/` belongs to it, and neither needs to be there. */
  | { readonly type: 'globstar'; readonly slash: boolean }
  | { readonly type: 'either'; readonly options: readonly (readonly GlobNode[])[] };

/** A glob that cannot be read; the message says what to change. */
export class GlobProblem extends Error {}

const SLASH = codeOf('/');

/** Reads a glob. Throws GlobProblem. */
export function parseGlob(text: string): GlobNode[] {
  const reader = { characters: [...text], at: 0 };
  const nodes = readSequence(reader, 0);
  if (reader.at < reader.characters.length)
    throw new GlobProblem('it has a "}" without "{"; write \\} for a literal one');
  return nodes;
}

type Reader = { readonly characters: readonly string[]; at: number };

/** Up to the end, or within braces up to the `,` or `}` that ends the option. */
function readSequence(reader: Reader, depth: number): GlobNode[] {
  const nodes: GlobNode[] = [];
  for (let next = reader.characters[reader.at]; next !== undefined; next = reader.characters[reader.at]) {
    if (next === '}' || (next === ',' && depth > 0)) break;
    nodes.push(next === '*' ? readStars(reader, depth) : readOne(reader, next, depth));
  }
  return nodes;
}

function readOne(reader: Reader, next: string, depth: number): GlobNode {
  reader.at++;
  if (next === '?') return { type: 'character' };
  if (next === '[') return readSet(reader);
  if (next === '{') return readBraces(reader, depth + 1);
  return { type: 'literal', code: codeOf(next === '\\' ? escaped(reader) : next) };
}

function readStars(reader: Reader, depth: number): GlobNode {
  const { characters } = reader;
  const before = characters[reader.at - 1];
  const start = reader.at;
  while (characters[reader.at] === '*') reader.at++;
  const after = characters[reader.at];
  const opens = before === undefined || before === '/' || (depth > 0 && (before === '{' || before === ','));
  const closes = after === undefined || after === '/' || (depth > 0 && (after === '}' || after === ','));
  const count = reader.at - start;
  if (count !== 2 || !opens || !closes) return { type: 'star', count };
  if (after === '/') reader.at++;
  return { type: 'globstar', slash: after === '/' };
}

function readSet(reader: Reader): GlobNode {
  const { characters } = reader;
  const negated = characters[reader.at] === '!' || characters[reader.at] === '^';
  if (negated) reader.at++;
  const ranges: [number, number][] = [];
  for (let first = true; first || characters[reader.at] !== ']'; first = false) {
    const low = readSetCharacter(reader);
    const isRange = characters[reader.at] === '-' && characters[reader.at + 1] !== ']';
    if (isRange) reader.at++;
    const high = isRange ? readSetCharacter(reader) : low;
    if (high < low) throw new GlobProblem('it has a range in [ ] that runs backwards, such as [z-a]');
    ranges.push([low, high]);
  }
  reader.at++;
  return { type: 'set', negated, ranges };
}

function readSetCharacter(reader: Reader): number {
  const character = reader.characters[reader.at++];
  if (character === undefined) throw new GlobProblem('it has a "[" without "]"; write \\[ for a literal one');
  const code = codeOf(character === '\\' ? escaped(reader) : character);
  if (code === SLASH) throw new GlobProblem('it has a "/" in [ ], which never matches one');
  return code;
}

function readBraces(reader: Reader, depth: number): GlobNode {
  const options: GlobNode[][] = [];
  for (let end: string | undefined = ','; end === ','; ) {
    options.push(readSequence(reader, depth));
    end = reader.characters[reader.at++];
    if (end === undefined) throw new GlobProblem('it has a "{" without "}"; write \\{ for a literal one');
  }
  if (options.length > 1) return { type: 'either', options };
  throw new GlobProblem('it has { } without a comma: write {a,b} for one of several, or \\{ and \\} for literal ones');
}

function escaped(reader: Reader): string {
  const character = reader.characters[reader.at++];
  if (character === undefined) throw new GlobProblem('it ends in a backslash; write \\\\ for a literal one');
  return character;
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}
