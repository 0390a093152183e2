/** Where a text stops being JSON, and why. Nothing of the text is repeated: it may be a secret. */
export type JsonProblem = { readonly line: number; readonly column: number; readonly reason: string };

type Expected = 'value' | 'value or ]' | 'name' | 'name or }' | 'colon' | 'comma or }' | 'comma or ]' | 'end';

/** What is open around a place: a list, or an object with the names that it has so far. */
type Open = 'list' | Set<string>;

const space = /[ \t\n\r]*/y;
const afterBackslash = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y;
// No class repeats inside another: the time it takes is linear in the text.
const scalar = /(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)(?![A-Za-z0-9_.+-])/y;

const wanted: Readonly<Record<Expected, string>> = {
  value: 'expected a value',
  'value or ]': 'expected a value or ]',
  name: 'expected a field name in double quotes',
  'name or }': 'expected a field name in double quotes or }',
  colon: 'expected a colon after the field name',
  'comma or }': 'expected a comma or }',
  'comma or ]': 'expected a comma or ]',
  end: 'expected nothing more after the end',
};

/**
 * Finds the first place where a text is no JSON, is nested deeper than `maxDepth`, or names a field of an object twice,
 * however it is spelt; undefined if there is none. JSON.parse cannot say: its messages quote the text, some have no
 * position, and of two fields it takes the last, where a proxy before us may have judged the first.
 */
export function findJsonProblem(text: string, maxDepth: number): JsonProblem | undefined {
  const open: Open[] = [];
  let expected: Expected = 'value';
  let at = 0;
  for (;;) {
    at = skip(space, text, at);
    const character = text[at];
    if (character === undefined)
      return expected === 'end' ? undefined : problem(text, at, `it ends where it should not: ${wanted[expected]}`);
    const next = step(text, at, character, expected, open);
    if (typeof next === 'string') return problem(text, at, next);
    if (open.length > maxDepth) return problem(text, at, `is nested deeper than ${maxDepth} levels`);
    at = next.at;
    expected = next.expected;
  }
}

type Next = { readonly at: number; readonly expected: Expected };

/** One token: where the next one begins and what it may be, or what is wrong with this one. */
function step(text: string, at: number, character: string, expected: Expected, open: Open[]): Next | string {
  const wrong = wanted[expected];
  switch (expected) {
    case 'colon':
      return character === ':' ? { at: at + 1, expected: 'value' } : wrong;
    case 'end':
      return wrong;
    case 'comma or }':
    case 'comma or ]':
      if (character === ',') return { at: at + 1, expected: expected === 'comma or }' ? 'name' : 'value' };
      return character === expected.at(-1) ? close(at, open) : wrong;
    case 'name':
    case 'name or }': {
      if (expected === 'name or }' && character === '}') return close(at, open);
      return character === '"' ? fieldName(text, at, open) : wrong;
    }
    default:
      if (expected === 'value or ]' && character === ']') return close(at, open);
      return value(text, at, character, wrong, open);
  }
}

function fieldName(text: string, at: number, open: readonly Open[]): Next | string {
  const end = endOfString(text, at);
  if (typeof end === 'string') return end;
  const name: string = JSON.parse(text.slice(at, end));
  // What copies an object would take it for the prototype of the copy, and the field would be gone.
  if (name === '__proto__') return 'no field can be called __proto__';
  const names = open.at(-1);
  if (names !== undefined && names !== 'list') {
    if (names.has(name)) return 'this field is given twice; give it once';
    names.add(name);
  }
  return { at: end, expected: 'colon' };
}

function value(text: string, at: number, character: string, wrong: string, open: Open[]): Next | string {
  if (character === '{' || character === '[') {
    open.push(character === '{' ? new Set() : 'list');
    return { at: at + 1, expected: character === '{' ? 'name or }' : 'value or ]' };
  }
  const end = character === '"' ? endOfString(text, at) : skip(scalar, text, at);
  if (typeof end === 'string') return end;
  return end === at ? wrong : { at: end, expected: afterValue(open) };
}

function close(at: number, open: Open[]): Next {
  open.pop();
  return { at: at + 1, expected: afterValue(open) };
}

function afterValue(open: readonly Open[]): Expected {
  const around = open.at(-1);
  if (around === undefined) return 'end';
  return around === 'list' ? 'comma or ]' : 'comma or }';
}

/** The place after a string that begins at `at`, or what is wrong with it. */
function endOfString(text: string, at: number): number | string {
  for (let place = at + 1; place < text.length; place += 1) {
    const code = text.charCodeAt(place);
    if (code === 0x22) return place + 1;
    if (code < 0x20) return 'this text holds a line break or another control character; write it as an escape';
    if (code !== 0x5c) continue;
    const end = skip(afterBackslash, text, place + 1);
    if (end === place + 1) return 'this text holds a backslash that begins no escape of JSON';
    place = end - 1;
  }
  return 'this text has no closing quote';
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function problem(text: string, at: number, reason: string): JsonProblem {
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, reason };
}
