import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { baseName, categoryOf, extensionOf, isFolder, parentFolders } from '#core/keys/file-name.ts';
import folders from '../../vectors/folders.json' with { type: 'json' };
import keys from '../../vectors/keys.json' with { type: 'json' };

const rebuild = (key: string) =>
  parentFolders(key)
    .map((folder) => `${folder}/`)
    .join('') +
  baseName(key) +
  (isFolder(key) ? '/' : '');

describe('the name in a key', () => {
  test.each(folders.categories as [string, string[] | null][])('given %j, then its folders are %j', (key, expected) => {
    expect(parentFolders(key)).toEqual(expected ?? []);
  });

  test.each(folders.extensions as [string, string | null][])('given %j, then its extension is %j', (key, expected) => {
    expect(extensionOf(key)).toBe(expected ?? undefined);
  });

  test.each([
    ['report.pdf', [], 'report.pdf', '/'],
    ['a/b/c.txt', ['a', 'b'], 'c.txt', '/a/b/'],
    ['folder/', [], 'folder', '/'],
    ['a/folder/', ['a'], 'folder', '/a/'],
    ['/leading', [''], 'leading', '//'],
    ['//double//slash', ['', '', 'double', ''], 'slash', '///double//'],
    ['/', [], '', '/'],
    ['//', [''], '', '//'],
    ['a//', ['a'], '', '/a/'],
    ['a/../b', ['a', '..'], 'b', '/a/../'],
    ['back\\slash', [], 'back\\slash', '/'],
  ])('given %j, then folders %j, name %j, category %j', (key, parents, name, category) => {
    expect([parentFolders(key), baseName(key), categoryOf(key)]).toEqual([parents, name, category]);
  });

  test.each([
    ['a.pdf/', undefined],
    ['.a.txt', 'txt'],
    ['..', undefined],
    ['a/.', undefined],
    ['.env', 'env'],
    ['a/.env', 'env'],
    ['.env/', undefined],
    ['x/..a', 'a'],
    ['a.b ', 'b '],
    ['a.\nx', '\nx'],
    ['a.ÄÖ', 'äö'],
  ])('given %j, then its extension is %j', (key, expected) => {
    expect(extensionOf(key)).toBe(expected);
  });

  test.each(keys.keys.map(({ key }) => [key]))('given the odd key %j, then its parts make it up again', (key) => {
    expect(rebuild(key)).toBe(key);
  });

  test('given any key, then its parts make it up again and the category is one to one with the folders', () => {
    const key = fc
      .array(fc.constantFrom('/', '.', 'a', 'é', '😀', '\n'), { maxLength: 12 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(key, (text) => {
        expect(rebuild(text)).toBe(text);
        expect(categoryOf(text).slice(1).split('/').slice(0, -1)).toEqual(parentFolders(text));
      }),
    );
  });
});
