/** What a field holds, which decides how its values are read and compared. A date is compared as an instant. `absent` is
 *  a field that other servers' documents have and ours never: a filter by it is no mistake, and nothing meets it. */
export type FieldType = 'text' | 'number' | 'date' | 'boolean' | 'absent';
export type SearchFields = Readonly<Record<string, FieldType>>;

export type Comparison = '>=' | '<=' | '>' | '<';

/** A value as the field's type has it: dates are epoch milliseconds. */
export type FilterValue = string | number | boolean;

/** One `filter=`, read. `any` also stands for a single value. */
export type FilterTerm = { readonly field: string; readonly type: FieldType; readonly negated: boolean } & (
  | { readonly operator: 'any'; readonly values: readonly FilterValue[] }
  | { readonly operator: Comparison; readonly value: FilterValue }
  | { readonly operator: 'exists' }
);

/** A filter that cannot be read; the message says what to write instead. */
export class FilterProblem extends Error {}

/** Ours: what one filter may ask for. */
const LONGEST_FILTER = 4096;
const MOST_VALUES = 100;

const fieldName = /^[A-Za-z_][\w.-]*/;
const forms =
  'field:value, field=value, field:any(a,b), field>=1, <=, >, < or exists(field), with - or ! before to negate';

/**
 * Reads one filter. Throws FilterProblem.
 *
 * `:` and `=` mean the same. A value reaches to the end of the filter and is taken as it stands, with `:`, `=`, `,`
 * and spaces in it. In double quotes it may also be empty or begin with a quote or `any(`; a backslash within quotes
 * takes the next character literally. In `any(…)` values are parted by commas and spaces around them do not count; one
 * that has a comma in it, or spaces that count, must be quoted.
 */
export function parseFilter(text: string, fields: SearchFields): FilterTerm {
  if (text.length > LONGEST_FILTER) throw new FilterProblem(`must be at most ${LONGEST_FILTER} characters`);
  const negated = text.startsWith('-') || text.startsWith('!');
  const body = negated ? text.slice(1) : text;
  const exists = readExists(body);
  if (exists !== undefined) return { field: exists, type: typeOf(exists, fields), negated, operator: 'exists' };
  const field = fieldName.exec(body)?.[0];
  if (field === undefined) throw new FilterProblem(`does not begin with a field; write ${forms}`);
  const [, operator, rest = ''] = /^(>=|<=|>|<|:|=)(.*)$/s.exec(body.slice(field.length)) ?? [];
  if (operator === undefined) throw new FilterProblem(`has no operator after "${shorten(field)}"; write ${forms}`);
  const common = { field, type: typeOf(field, fields), negated };
  if (isComparison(operator)) return compare(common, operator, rest);
  const texts = rest.startsWith('any(') ? readList(rest.slice('any('.length)) : [readValue(rest)];
  return { ...common, operator: 'any', values: texts.map((value) => convert(value, common.type, field)) };
}

/** The field of `exists(field)`, spaces around it left out; undefined for any other filter. */
function readExists(body: string): string | undefined {
  if (!body.startsWith('exists(') || !body.endsWith(')')) return undefined;
  const inner = body.slice('exists('.length, -1);
  return inner.includes('(') || inner.includes(')') ? undefined : inner.trim();
}

type Common = { readonly field: string; readonly type: FieldType; readonly negated: boolean };

function compare(common: Common, operator: Comparison, text: string): FilterTerm {
  if (common.type === 'boolean')
    throw new FilterProblem(`"${common.field}" is true or false and has no order; write ${common.field}:true`);
  return { ...common, operator, value: convert(readValue(text), common.type, common.field) };
}

function isComparison(operator: string): operator is Comparison {
  return operator !== ':' && operator !== '=';
}

function typeOf(field: string, fields: SearchFields): FieldType {
  const type = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (type !== undefined) return type;
  throw new FilterProblem(`names the unknown field "${shorten(field)}"; known are ${ownFields(fields).join(', ')}`);
}

/** The fields that something here may have: what a refusal names. */
export function ownFields(fields: SearchFields): string[] {
  return Object.keys(fields).filter((field) => fields[field] !== 'absent');
}

function readValue(text: string): string {
  if (text === '') throw new FilterProblem('has no value; write "" for an empty one');
  if (!text.startsWith('"')) return text;
  const { value, end } = readQuoted(text, 0);
  if (end === text.length) return value;
  throw new FilterProblem('goes on after the closing quote; write \\" for a quote within quotes');
}

/** Reads `a,"b, c")`, the closing parenthesis being the last character of the filter. */
function readList(rest: string): string[] {
  if (!rest.endsWith(')'))
    throw new FilterProblem('has any( without its ) at the end; write "any(…" in quotes for a literal one');
  const text = rest.slice(0, -1);
  const values: string[] = [];
  for (let at = 0; at <= text.length; ) {
    const start = at + (/^\s*/.exec(text.slice(at))?.[0].length ?? 0);
    const quoted = text[start] === '"' ? readQuoted(text, start) : undefined;
    const comma = text.indexOf(',', quoted?.end ?? start);
    const end = comma < 0 ? text.length : comma;
    const bare = text.slice(quoted?.end ?? start, end).trim();
    if (quoted === undefined ? bare === '' : bare !== '') {
      throw new FilterProblem('has an empty or half-quoted value in any(…); write any(a,"b, c")');
    }
    values.push(quoted?.value ?? bare);
    if (values.length > MOST_VALUES) throw new FilterProblem(`has more than ${MOST_VALUES} values in any(…)`);
    at = end + 1;
  }
  return values;
}

function readQuoted(text: string, start: number): { value: string; end: number } {
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return { value, end: at + 1 };
    if (text[at] === '\\') at++;
    value += text[at] ?? '';
  }
  throw new FilterProblem('has a quote that is not closed');
}

function convert(text: string, type: FieldType, field: string): FilterValue {
  const value = readers[type](text);
  if (value !== undefined) return value;
  throw new FilterProblem(`gives ${JSON.stringify(shorten(text))} where "${field}" takes ${expected[type]}`);
}

const expected: Readonly<Record<FieldType, string>> = {
  text: 'text',
  number: 'a number',
  date: 'a date, such as 2026-01-31 or 2026-01-31T06:00:00Z',
  boolean: 'true or false',
  absent: 'text',
};

const readers: Readonly<Record<FieldType, (text: string) => FilterValue | undefined>> = {
  text: (text) => text,
  number: (text) => (/^[-+]?\d{1,30}(\.\d{1,30})?(e[-+]?\d{1,3})?$/i.test(text) ? finite(Number(text)) : undefined),
  date: readDate,
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  absent: (text) => text,
};

/** A date alone is its first moment in UTC; a time needs its offset. Dates that no calendar has are refused. */
function readDate(text: string): number | undefined {
  const [, date] = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[-+]\d\d:\d\d))?$/.exec(text) ?? [];
  if (date === undefined) return undefined;
  const day = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== date) return undefined;
  return finite(Date.parse(text));
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
