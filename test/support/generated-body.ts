import fc from 'fast-check';
import type * as z from 'zod';

/** Values of fields that a schema alone cannot tell, by the field's path or the end of it. */
export type Words = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/** What makes the fields of an object fit each other, by its path. */
export type Mends = Readonly<Record<string, (value: Record<string, unknown>) => Record<string, unknown>>>;

export type Knowledge = { readonly words: Words; readonly mends: Mends };

type Definition = {
  readonly type: string;
  readonly checks?: readonly { readonly _zod: { readonly def: Readonly<Record<string, unknown>> } }[];
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly out?: z.ZodType;
  readonly element?: z.ZodType;
  readonly keyType?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly values?: readonly unknown[];
  readonly shape?: Readonly<Record<string, z.ZodType>>;
};

function definitionOf(schema: z.ZodType): Definition {
  return schema.def as unknown as Definition;
}

/**
 * Bodies that a schema takes, made from the schema itself, so that a field that comes to it is in them from its first day.
 * A field that the schema cannot be read for, and that has no words, is an error that names it. Fields that are read and
 * ignored (z.unknown) are left out.
 */
export function bodyOf(schema: z.ZodType, knowledge: Knowledge, path = ''): fc.Arbitrary<unknown> {
  const { type, innerType, in: from, out, element, valueType, options, entries, values } = definitionOf(schema);
  const inner = (each: z.ZodType | undefined, at = path): fc.Arbitrary<unknown> => bodyOf(demand(each), knowledge, at);
  if (type === 'optional' || type === 'default') return fc.option(inner(innerType), { nil: undefined, freq: 2 });
  if (type === 'nullable') return fc.option(inner(innerType), { freq: 6 });
  const known = wordsFor(knowledge.words, path);
  if (known !== undefined) return known;
  switch (type) {
    case 'pipe':
      return inner(definitionOf(demand(from)).type === 'transform' ? out : from);
    case 'object':
      return objectOf(schema, knowledge, path);
    case 'array':
      return fitting(schema, path, fc.uniqueArray(inner(element, `${path}[]`), { minLength: 0, maxLength: 4 }));
    case 'record':
      return fitting(
        schema,
        path,
        fc.dictionary(fc.string({ maxLength: 12 }), inner(valueType, `${path}[]`), { maxKeys: 3 }),
      );
    case 'union':
      return fc.oneof(...demand(options).map((each) => inner(each)));
    case 'enum':
      return fc.constantFrom(...Object.values(demand(entries)));
    case 'literal':
      return fc.constantFrom(...demand(values));
    case 'boolean':
      return fc.boolean();
    case 'number':
      return fitting(schema, path, numbersOf(schema));
    case 'string':
      return fitting(schema, path, textsOf(schema));
    default:
      throw new Error(`nobody knows how to make a value of type ${type} for ${path}`);
  }
}

/** The paths of all fields of a schema that hold a value, but for those that are ignored. */
export function leavesOf(schema: z.ZodType, path = ''): string[] {
  const { type, innerType, in: from, out, element, options, shape } = definitionOf(schema);
  if (type === 'pipe') return leavesOf(demand(definitionOf(demand(from)).type === 'transform' ? out : from), path);
  if (innerType !== undefined) return leavesOf(innerType, path);
  if (type === 'array') return leavesOf(demand(element), `${path}[]`);
  if (type === 'union') return [...new Set(demand(options).flatMap((each) => leavesOf(each, path)))];
  if (type === 'unknown') return [];
  if (shape === undefined) return [path];
  const below = Object.entries(shape).flatMap(([name, each]) => leavesOf(each, join(path, name)));
  return below.length === 0 ? [path] : below;
}

/** The paths of all values in a body, as `leavesOf` spells them. */
export function pathsIn(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => pathsIn(each, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, each]) => pathsIn(each, join(path, name)))];
}

function objectOf(schema: z.ZodType, knowledge: Knowledge, path: string): fc.Arbitrary<unknown> {
  const fields = Object.entries(demand(definitionOf(schema).shape)).filter(([, field]) => !isIgnored(field));
  const made = fields.map(([name, field]) => [name, bodyOf(field, knowledge, join(path, name))] as const);
  const mend = knowledge.mends[path] ?? ((value) => value);
  return fc.record(Object.fromEntries(made)).map((value) => withoutAbsent(mend(withoutAbsent(value))));
}

function isIgnored(schema: z.ZodType): boolean {
  const { type, innerType } = definitionOf(schema);
  return type === 'unknown' || (innerType !== undefined && isIgnored(innerType));
}

function withoutAbsent(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));
}

function textsOf(schema: z.ZodType): fc.Arbitrary<unknown> {
  const checks = (definitionOf(schema).checks ?? []).map(({ _zod }) => _zod.def);
  const pattern = checks.find((check) => check.pattern instanceof RegExp)?.pattern;
  const odd = fc.string({ unit: 'binary', maxLength: 20 });
  const plain = fc.string({ unit: 'grapheme', maxLength: 30 });
  return pattern instanceof RegExp ? fc.stringMatching(withoutLookaround(pattern)) : fc.oneof(plain, odd);
}

/** fast-check makes texts of any pattern but those; where one has any, what is made is looked at again anyway. */
function withoutLookaround({ source, flags }: RegExp): RegExp {
  return new RegExp(source.replace(/\(\?<?[!=][^()]*\)/g, ''), flags.replace('i', ''));
}

function numbersOf(schema: z.ZodType): fc.Arbitrary<unknown> {
  const bounds = (definitionOf(schema).checks ?? []).map(({ _zod }) => _zod.def);
  const bound = (name: string): number | undefined => {
    const found = bounds.find(({ check }) => check === name);
    return typeof found?.value === 'number' ? found.value : undefined;
  };
  return fc.integer({ min: bound('greater_than') ?? -(2 ** 31), max: bound('less_than') ?? 2 ** 31 });
}

const tries = 500;

/** Those of the values that the schema takes. Throws where hardly any is. */
function fitting(schema: z.ZodType, path: string, values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const fits = (value: unknown): boolean => schema.safeParse(value).success;
  const good = fc.sample(values, { numRuns: tries, seed: 1 }).filter(fits).length;
  if (good < tries / 50)
    throw new Error(`the schema of ${path} takes hardly any value that can be made: say some words for it`);
  return values.filter(fits);
}

function wordsFor(words: Words, path: string): fc.Arbitrary<unknown> | undefined {
  const parts = path.split('.');
  for (let first = 0; first < parts.length; first += 1) {
    const found = words[parts.slice(first).join('.')];
    if (found !== undefined) return found;
  }
  return undefined;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function demand<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('this schema is of a shape that nobody expected');
  return value;
}
