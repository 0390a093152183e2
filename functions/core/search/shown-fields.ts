import type { ShownFields } from './search-language.ts';

export type Show = (source: Readonly<Record<string, unknown>>) => Record<string, unknown>;

/** Paths whose fate is remembered: a source has some twenty, and only what users named themselves differs. */
const mostRemembered = 1000;

/**
 * Compiles what a search wants to see of its sources; all of them when `shown` is undefined. A name of a field means all
 * that is below it as well, and `*` any characters; what is named by both lists is left out. The id always stays, for
 * every hit has one.
 */
export function compileShown(shown: ShownFields | undefined): Show {
  if (shown === undefined) return (source) => source;
  const includes = compilePatterns(shown.includes.length === 0 ? ['*'] : shown.includes);
  const excludes = compilePatterns(shown.excludes);
  const remembered = new Map<string, boolean>();
  const keep = (path: string): boolean => {
    const known = remembered.get(path);
    if (known !== undefined) return known;
    if (remembered.size >= mostRemembered) remembered.clear();
    const kept = path === 'id' || (includes(path) && !excludes(path));
    remembered.set(path, kept);
    return kept;
  };
  return (source) => prune(source, '', keep);
}

/** An object of which nothing is kept is left out. Arrays are kept or left whole. */
function prune(source: object, above: string, keep: (path: string) => boolean): Record<string, unknown> {
  const fields = Object.entries(source).flatMap(([name, value]) => {
    const path = above + name;
    if (!isBranch(value)) return keep(path) ? [[name, value] as const] : [];
    const inner = prune(value, `${path}.`, keep);
    return Object.keys(inner).length === 0 ? [] : [[name, inner] as const];
  });
  return Object.fromEntries(fields);
}

function isBranch(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
}

function compilePatterns(names: readonly string[]): (path: string) => boolean {
  const plain = new Set(names.filter((name) => !name.includes('*')));
  const patterns = names.filter((name) => name.includes('*'));
  const parts = patterns.flatMap((pattern) => [pattern.split('*'), `${pattern}.*`.split('*')]);
  return (path) => isBelow(path, plain) || parts.some((each) => fits(path, each));
}

function isBelow(path: string, names: ReadonlySet<string>): boolean {
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    if (names.has(path.slice(0, dot))) return true;
  }
  return names.has(path);
}

/** Whether a text is these parts with any characters between them. Each part is taken where it comes first, which is
 *  right for all but the last, so nothing is tried twice. */
function fits(text: string, [first = '', ...rest]: readonly string[]): boolean {
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
