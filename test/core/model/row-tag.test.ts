import { expect, it } from 'vitest';
import { canonicalJson } from '#core/model/canonical-json.ts';
import { demandTag, tagOf } from '#core/model/row-tag.ts';

it('given fields in another order, as a store gives them back, or absent ones, the tag is the same', () => {
  const one = { a: 1, sync: { b: [1, 2], c: { d: null, e: 'x' } }, gone: undefined };
  const other = { sync: { c: { e: 'x', d: null }, b: [1, 2] }, a: 1 };
  expect(tagOf('life', one)).toBe(tagOf('life', other));
  expect(tagOf('life', one)).toMatch(/^[0-9a-f]{32}$/);
});

it.each([
  [{ a: 1 }, { a: '1' }],
  [{ a: null }, {}],
  [{ a: [] }, { a: {} }],
  [{ a: ['b', 'c'] }, { a: ['c', 'b'] }],
  [{ a: 'b,c' }, { a: ['b', 'c'] }],
  [{ 'a":1,"b': 2 }, { a: 1, b: 2 }],
])('given %j and %j, their texts and tags differ', (one, other) => {
  expect(canonicalJson(one)).not.toBe(canonicalJson(other));
  expect(tagOf('life', one)).not.toBe(tagOf('life', other));
});

it('given the same content in another life, the tag is another', () => {
  expect(tagOf('one', { a: 1 })).not.toBe(tagOf('other', { a: 1 }));
});

it('given a demand, a row that is not there meets none, and nothing demanded is always met', () => {
  const code = { code: 'precondition_failed' };
  expect(() => demandTag(() => true, undefined, 'it')).toThrow(expect.objectContaining(code));
  expect(() => demandTag((tag) => tag === 'a', 'b', 'it')).toThrow(expect.objectContaining(code));
  demandTag((tag) => tag === 'a', 'a', 'it');
  demandTag(undefined, undefined, 'it');
});
