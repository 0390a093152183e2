import { expect, it } from 'vitest';
import { parseInput } from '#core/model/parse-input.ts';
import { connectorInput } from '#core/registry/connector.ts';
import { checkItem } from '#core/table/table-limits.ts';

const parse = (body: object) => parseInput(connectorInput, { name: 'n', ...body }, 'connector');
const wide = (length: number, index = 0) => String(index).padEnd(4, '-') + '€'.repeat(length - 4);
const many = (count: number, length: number) => Array.from({ length: count }, (_each, index) => wide(length, index));

/** As long as each field may be, in characters of three bytes. */
const longest = {
  ...{ name: wide(256), description: wide(4096), category: wide(256), icon: wide(2048), url: wide(2048) },
  tags: many(100, 128),
  config: { include: many(50, 256), exclude: many(50, 256), prefix: 'ü'.repeat(512) },
};

it('given the most that every field takes, the row before and after a change fits into one item', () => {
  const icons = Object.fromEntries(many(50, 16).map((name) => [name, wide(200)]));
  const row = { ...parse({ ...longest, assets: { icons } }), pk: 'p', sk: 's' };
  expect(checkItem({ pk: 'p', sk: 's', before: JSON.parse(JSON.stringify(row)), after: row })).toBeGreaterThan(300_000);
});

it('given icons that are longer in all, it says how long they may be', () => {
  const icons = Object.fromEntries(many(50, 16).map((name) => [name, wide(2048)]));
  expect(() => parse({ assets: { icons } })).toThrow('must be at most 32,768 bytes in all');
});

it('given an icon named __proto__, which a record would drop, it is refused', () => {
  const assets = JSON.parse('{"icons":{"__proto__":"x","a":"b"}}');
  expect(() => parse({ assets })).toThrow('assets.icons.__proto__: cannot be the name of an icon');
});
