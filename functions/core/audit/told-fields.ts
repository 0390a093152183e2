import { utf8Length } from '../keys/byte-order.ts';

/** Fields of a row as they are shown to clients; its sealed secrets are not among them. */
export type Fields = Readonly<Record<string, unknown>>;

/** Ours: what is told of one side of a change, and of one text in it. An entry so takes a few KB at most, mostly below one. */
const mostBytes = 3000;
const longestText = 512;

/** What an audit entry tells of fields, and the names of those that it does not tell whole. */
export type Told = { readonly fields: Record<string, unknown>; readonly shortened: readonly string[] };

/**
 * What an audit entry may tell of these fields: URLs cut to their host, for the rest of one can be a secret, long texts
 * shortened, and where all is too long still, the longest fields left out for their length. Names are sorted: a store may
 * bring them in any order.
 */
export function tellFields(given: Fields): Told {
  const plain = Object.entries(JSON.parse(JSON.stringify(given)) as Record<string, unknown>).sort(byName);
  const told = plain.map(([name, value]) => [name, tellValue(value)] as const);
  const cut = told.flatMap(([name, value]) => (isShortened(value) ? [name] : []));
  const fields: Record<string, unknown> = Object.fromEntries(told);
  const shortened = new Set(cut);
  for (let left = plain.length; left > 0 && sizeOf(fields) > mostBytes; left -= 1) {
    const [longest, bytes] = longestOf(fields);
    fields[longest] = `…(${bytes.toLocaleString('en')} bytes)`;
    shortened.add(longest);
  }
  return { fields, shortened: [...shortened].sort() };
}

/** The same for a change: what differs, with null where a field was not there. Undefined where nothing that is shown does. */
export function tellDifference(
  before: Fields,
  after: Fields,
): { readonly before: Told; readonly after: Told } | undefined {
  const [was, is] = [before, after].map((fields) => sorted(JSON.parse(JSON.stringify(fields)))) as [Fields, Fields];
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  const changed = names.filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]));
  if (changed.length === 0) return undefined;
  const pick = (from: Fields): Fields => Object.fromEntries(changed.map((name) => [name, from[name] ?? null]));
  return { before: tellFields(pick(was)), after: tellFields(pick(is)) };
}

function tellValue(value: unknown): unknown {
  if (typeof value === 'string') return shorten(hostsOnly(value));
  if (Array.isArray(value)) return value.map(tellValue);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(byName);
  return Object.fromEntries(entries.map(([name, each]) => [shorten(hostsOnly(name)), tellValue(each)]));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(byName)
      .map(([name, each]) => [name, sorted(each)]),
  );
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}

/**
 * A text with each URL in it cut to scheme and host: user, path, query and fragment can all hold a secret. Goes from one
 * `://` to the next, for a pattern that looks for a scheme takes a time that grows with the square of the text.
 */
export function hostsOnly(text: string): string {
  const [first = '', ...others] = text.split('://');
  return others.reduce((told, part) => {
    const end = part.search(/[\s"'<>`]/);
    const url = end < 0 ? part : part.slice(0, end);
    const authority = url.split(/[/?#\\]/, 1)[0] ?? '';
    const host = authority.slice(authority.lastIndexOf('@') + 1);
    const rest = url.length > authority.length ? '/…' : '';
    return `${told}://${host}${rest}${part.slice(url.length)}`;
  }, first);
}

function shorten(text: string): string {
  if (text.length <= longestText) return text;
  return `${text.slice(0, longestText).toWellFormed()}…(${text.length.toLocaleString('en')} characters)`;
}

function isShortened(value: unknown): boolean {
  if (typeof value === 'string') return value.length > longestText;
  return typeof value === 'object' && value !== null && Object.values(value).some(isShortened);
}

function sizeOf(value: unknown): number {
  return utf8Length(JSON.stringify(value));
}

function longestOf(fields: Fields): [string, number] {
  const sizes = Object.entries(fields).map(([name, value]): [string, number] => [name, sizeOf(value)]);
  return sizes.reduce((longest, each) => (each[1] > longest[1] ? each : longest), ['', 0]);
}
