import type { RandomSource } from '../simulation/random-source.ts';

/** A body as it goes over the wire, and what it says where it is JSON. */
export type SentBody = { readonly bytes: Buffer; readonly contentType: string; readonly says: unknown };

const deep = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

/** Values that were never meant, for any place. */
const junk: readonly (() => unknown)[] = [
  ...[null, true, false, 0, -0, -1, 1.5, 1e21, 1e308, 5e-324, 2 ** 53, -(2 ** 63)].map(
    (value) => () => structuredClone(value),
  ),
  ...[[], {}, [[]], [null], { toString: 1 }, { length: 1e9 }, { constructor: { prototype: {} } }].map(
    (value) => () => structuredClone(value),
  ),
  ...['', ' ', '\u0000', '\ud800', '\udfff\ud800', '\u202e', '\ufeff', '😀', 'ﬀ', 'İ', 'null', 'true', '0'].map(
    (value) => () => structuredClone(value),
  ),
  ...['__proto__', 'constructor', '../..', '%00', '%2e%2e', "'; --", '<script>', '\r\nX: y'].map(
    (value) => () => structuredClone(value),
  ),
  ...[
    '*',
    '**',
    '[',
    '{a,b',
    '\\',
    '(?=',
    '0 6 * * *',
    '5m',
    '-5m',
    '1e9d',
    'PT5M',
    '127.0.0.1',
    '[::1]:80',
    'http://x',
  ].map((value) => () => structuredClone(value)),
  () => 'x'.repeat(3000),
  () => '€'.repeat(20_000),
  () => Array.from({ length: 2000 }, (_each, index) => index),
  () => Array.from({ length: 120 }, () => 'same'),
  () => Object.fromEntries(Array.from({ length: 300 }, (_each, index) => [`k${index}`, index])),
  () => deep(20),
  () => deep(60),
];

/** Names that objects have already, and others that nobody expects. */
const oddNames = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__', 'valueOf'],
  ...[
    '',
    ' ',
    '\u0000',
    '\ud800',
    'x'.repeat(2000),
    'a.b',
    'a[0]',
    '$where',
    'v',
    'version',
    'pk',
    'sk',
    'owner',
    'uid',
  ],
  ...[
    'secrets',
    'fence',
    'ttl',
    'quiet',
    'config_version',
    'number',
    'created',
    'schedule',
    'health',
    'enabled',
    'sync',
  ],
];

/** Texts in the place of the whole body. */
const oddTexts = [
  ...['', ' ', '\n', 'null', 'true', '0', '"x"', '[]', '{}', '[{}]', '{"a":1}{"b":2}', '{"a":1,}', "{'a':1}", '{a:1}'],
  ...['// x\n{}', '{"a":NaN}', '{"a":01}', '{"a":1e400}', '{"a":\t"\t"}', 'a=b&c=d', '%7B%7D', '<xml/>', '\ufeff{}'],
  ...[
    '['.repeat(100_000),
    '{"a":'.repeat(5000),
    `{"a":"${'x'.repeat(2 ** 20)}"}`,
    `{"a":${'9'.repeat(5000)}}`,
    '{"a":"\\ud800"}',
  ],
];

const contentTypes = [
  ...['application/json', 'application/json; charset=utf-8', 'application/json; charset=utf-16', 'text/plain', ''],
  ...[
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'multipart/form-data',
    'multipart/mixed; boundary=x',
  ],
  ...['application/xml', '\u00ff', 'application/json, application/json', 'x'.repeat(500)],
];

type Place = { readonly holder: Record<string, unknown>; readonly name: string };

/** Makes of a good body one that is wrong in a place or a few, or in how it is written; one of eight stays good. */
export function spoil(random: RandomSource, good: unknown): SentBody {
  const plain = random.chance(0.75);
  const contentType = plain ? 'application/json' : random.pick(contentTypes);
  if (random.chance(0.06)) return sent(Buffer.from(random.pick(oddTexts)), contentType);
  const value = structuredClone(good);
  if (!random.chance(0.125)) for (let times = random.between(1, 3); times > 0; times -= 1) change(random, value);
  const text = write(random, value);
  const bytes = Buffer.from(text);
  if (random.chance(0.04)) return sent(bytes.subarray(0, random.below(bytes.length + 1)), contentType);
  if (random.chance(0.03) && bytes.length > 0) bytes[random.below(bytes.length)] = random.between(0x80, 0xff);
  return sent(bytes, contentType);
}

function sent(bytes: Buffer, contentType: string): SentBody {
  let says: unknown;
  try {
    says = JSON.parse(bytes.toString().replace(/^\ufeff/, ''));
  } catch {
    says = undefined;
  }
  return { bytes, contentType, says };
}

function change(random: RandomSource, value: unknown): void {
  const places = placesIn(value);
  if (places.length === 0) return;
  const { holder, name } = random.pick(places);
  const how = random.below(10);
  if (how < 5) put(holder, name, random.pick(junk)());
  else if (how < 6) delete holder[name];
  else if (how < 8) put(holder, random.pick(oddNames), random.pick(junk)());
  else if (how < 9) put(holder, name, bent(random, holder[name]));
  else put(holder, name, { [name]: holder[name] });
}

/** The same value in a slightly other form. */
function bent(random: RandomSource, value: unknown): unknown {
  if (typeof value === 'string')
    return random.pick([`${value} `, ` ${value}`, value.toUpperCase(), `${value}\u0301`, value.repeat(40), [value]]);
  if (typeof value === 'number') return random.pick([String(value), -value, value + 0.5, value * 1e9]);
  if (typeof value === 'boolean') return random.pick([String(value), Number(value), [value]]);
  if (Array.isArray(value))
    return random.pick([
      [...value, ...value],
      Array.from(value, (each) => [each]),
      Object.assign({}, value),
      JSON.stringify(value),
    ]);
  return random.pick([JSON.stringify(value) ?? 'undefined', [value], null]);
}

/** An assignment to `__proto__` would be none. */
function put(holder: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
}

function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((name) => [{ holder, name }, ...placesIn(holder[name])]);
}

/** As JSON, now and then with a name twice, a number that no double is, or a mark at the beginning. */
function write(random: RandomSource, value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  const how = random.below(40);
  if (how === 0) return text.replace(/"([a-z_]+)":/, (whole, name) => `${whole}"again","${name}":`);
  if (how === 1)
    return text.replace(/:\d+/, random.pick([':1e400', ':-1e400', `:${'9'.repeat(400)}`, ':1E-400', ':-0']));
  if (how === 2) return `\ufeff${text}`;
  if (how === 3) return `${text}${random.pick([' ', '\n\n', '\u0000', '}', ',', '//'])}`;
  if (how === 4)
    return text.replace(
      /"([a-z_]+)"/,
      (_whole, name: string) =>
        `"${[...name].map((each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`,
    );
  return text;
}
