import fc from 'fast-check';
import picomatch from 'picomatch';
import { describe, expect, test } from 'vitest';
import { compileGlob } from '#core/keys/glob-match.ts';
import { type GlobNode, parseGlob } from '#core/keys/glob-syntax.ts';
import { compileFilter, globDoubt, validateGlob } from '#core/keys/key-filter.ts';
import extensions from '../../vectors/extensions.json' with { type: 'json' };
import folders from '../../vectors/folders.json' with { type: 'json' };
import odd from '../../vectors/keys.json' with { type: 'json' };

const oddKeys = odd.keys.map(({ key }) => key);
const literal = (key: string) => key.replace(/[*?[\]{}\\!,]/g, '\\$&');

describe('the extension filter', () => {
  test.each(folders.extensions as [string, string | null][])(
    'given %j and its extension %j, then it passes',
    (key, extension) => {
      expect(compileFilter({ extensions: [extension ?? 'pdf'] })(key)).toBe(extension !== null);
      expect(compileFilter({ extensions: [`.${(extension ?? 'x').toUpperCase()}`] })(key)).toBe(extension !== null);
    },
  );

  test('given no filters at all, then every key passes', () => {
    for (const filter of [{}, { extensions: [], include: [], exclude: [] }]) {
      expect(oddKeys.filter((key) => !compileFilter(filter)(key))).toEqual([]);
    }
  });

  test('given an extension, then a name without one, a folder and a longer one do not pass', () => {
    const passes = compileFilter({ extensions: ['pdf'] });
    expect(['a.pdf', 'a.pdf/', 'pdf', '.pdf', 'a.pdf.gz', 'a.xpdf', 'b.PdF'].filter(passes)).toEqual([
      'a.pdf',
      '.pdf',
      'b.PdF',
    ]);
  });

  test.each(extensions.filters)('given $extensions, then it finds $in and not $out', (filter) => {
    const passes = compileFilter({ extensions: filter.extensions });
    expect(filter.in.filter((key) => !passes(key))).toEqual([]);
    expect(filter.out.filter(passes)).toEqual([]);
  });

  test('given any name and one extension of it, then it passes just if the name ends in a dot and that', () => {
    const part = fc.string({ unit: fc.constantFrom('a', 'B', '.', '/', 'é'), maxLength: 8 });
    const extension = fc.constantFrom('a', 'b', 'ab', 'a.b', 'a.b.a', 'É');
    fc.assert(
      fc.property(part, extension, (key, wanted) => {
        const name = key.slice(key.lastIndexOf('/') + 1).toLowerCase();
        expect(compileFilter({ extensions: [wanted] })(key)).toBe(name.endsWith(`.${wanted.toLowerCase()}`));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('include and exclude', () => {
  const keys = ['docs/a.pdf', 'docs/tmp/b.pdf', 'docs/tmp/c.txt', 'pictures/d.png'];

  test('given both, then exclude wins, and an extension narrows further', () => {
    expect(keys.filter(compileFilter({ include: ['docs/**'] }))).toEqual(keys.slice(0, 3));
    expect(keys.filter(compileFilter({ include: ['docs/**', 'pictures/*'], exclude: ['**/tmp/**'] }))).toEqual([
      keys[0],
      keys[3],
    ]);
    expect(keys.filter(compileFilter({ exclude: ['docs/**'] }))).toEqual([keys[3]]);
    expect(keys.filter(compileFilter({ include: ['**/tmp/*'], extensions: ['txt'] }))).toEqual([keys[2]]);
  });

  test('given a glob that is not one, then compiling refuses it', () => {
    expect(() => compileFilter({ include: ['[a'] })).toThrow('without "]"');
    expect(() => compileFilter({ exclude: [''] })).toThrow('must not be empty');
  });
});

describe('a glob', () => {
  test.each(oddKeys.map((key) => [key]))(
    'given the odd key %j, then ** finds it and its own text finds only it',
    (key) => {
      expect(compileFilter({ include: ['**'] })(key)).toBe(true);
      expect(compileFilter({ exclude: ['**'] })(key)).toBe(false);
      expect(oddKeys.filter(compileGlob(literal(key)))).toEqual([key]);
    },
  );

  test.each<[string, string[], string[]]>([
    ['*', ['a', '.', '..', '.hidden', 'new\nline', 'back\\slash', '😀'], ['a/b', '/', 'folder/']],
    ['**', ['', 'a/../b', '//double//slash', '\r\n/\u0001'], []],
    ['*.pdf', ['a.pdf', '.pdf', 'new\nline.pdf'], ['a/b.pdf', 'a.PDF', 'a.pdf/', 'a.pdf\n']],
    ['**/*.pdf', ['a.pdf', 'x/a.pdf', '/a.pdf', '//a.pdf', 'x/../a.pdf', 'x/.y/a.pdf'], ['a.pdf/b']],
    ['a/**', ['a/', 'a/b', 'a/b/c', 'a//'], ['a', 'b/a/', '/a/b']],
    ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b', 'a//b'], ['ab', 'a/xb', 'x/a/b']],
    ['**/tmp/**', ['tmp/x', 'a/tmp/x', 'a/tmp/'], ['tmp', 'a/tmpx/y', 'xtmp/y']],
    ['a**b', ['ab', 'axxb'], ['a/b']],
    ['a***', ['a', 'abc'], ['a/']],
    ['?', ['a', '😀', '한', '\n', '.'], ['', '/', 'ab', 'e\u0301']],
    ['[a-c]x', ['ax', 'cx'], ['dx', 'Ax', 'x']],
    ['[!a-c]x', ['dx', '😀x', '\nx'], ['ax', '/x']],
    ['[^a]', ['b'], ['a', '/']],
    ['[]a]', [']', 'a'], ['b']],
    ['[a-]', ['a', '-'], ['b']],
    ['[+-9]', ['+', '0', '.'], ['/']],
    ['[가-힣]*', ['한글'], ['x']],
    ['[\u{1f600}-\u{1f64f}]', ['😀'], ['\ud83d']],
    ['*.{pdf,doc{,x}}', ['a.pdf', 'a.doc', 'a.docx'], ['a.docy', 'a.']],
    ['{a,b/**}', ['a', 'b/', 'b/c/d'], ['a/', 'b']],
    ['{**/x,y}', ['x', 'a/x', 'y'], ['a/y']],
    ['x{a,[,}]}', ['xa', 'x,', 'x}'], ['xb']],
    ['\\*\\[\\{\\\\', ['*[{\\'], ['x[{\\']],
    ['report (1).pdf', ['report (1).pdf'], ['report 1.pdf']],
    ['+(a|b)', ['+(a|b)'], ['a', 'aa']],
    ['"q"', ['"q"'], ['q']],
    ['./a', ['./a'], ['a']],
    ['/a', ['/a'], ['a']],
    ['a]b', ['a]b'], []],
    ['a,b', ['a,b'], ['a', 'b']],
    ['$^.', ['$^.'], ['$^x']],
  ])('given %j, then it matches %j and not %j', (glob, matching, others) => {
    expect(validateGlob(glob)).toBeUndefined();
    const matches = compileGlob(glob);
    expect(matching.filter((key) => !matches(key))).toEqual([]);
    expect(others.filter(matches)).toEqual([]);
  });

  test.each([
    ['', 'must not be empty'],
    ['a'.repeat(257), 'at most 256 characters'],
    ['!*.tmp', 'put it into exclude'],
    ['[abc', 'without "]"'],
    ['[]', 'without "]"'],
    ['[!]', 'without "]"'],
    ['[z-a]', 'runs backwards'],
    ['[a/b]', '"/" in [ ]'],
    ['{a,b', 'without "}"'],
    ['{a,{b,c}', 'without "}"'],
    ['a}b', 'without "{"'],
    ['{a}', 'without a comma'],
    ['{1..30}', 'without a comma'],
    ['{}', 'without a comma'],
    ['a\\', 'ends in a backslash'],
    ['\ud800', 'valid Unicode'],
    ['*a*a*a*a*a*a*a*a*', 'at most 8 wildcards'],
    ['{*a,*b,*c,*d,*e,*f,*g,*h}', 'this one has 9'],
  ])('given %j, then the reason says %j', (glob, words) => {
    const problem = validateGlob(glob) ?? '';
    expect(problem).toContain(words);
  });

  test.each(['a'.repeat(256), '*a*a*a*a*a*a*a*', '????-??-??/**/*.{csv,[jt]s}', '[0-9][0-9][0-9][0-9]-[0-9][0-9]/**'])(
    'given %j, then it is taken',
    (glob) => expect(validateGlob(glob)).toBeUndefined(),
  );
});

describe('a glob with ** beside other characters', () => {
  test.each([
    ['**.csv', '**/*.csv for'],
    ['docs/**.csv', 'docs/**/*.csv for'],
    ['a/**.{csv,tsv}', 'a/**/*.{csv,tsv} for'],
    ['**b/**c', '**/*b/**/*c for'],
    ['***.csv', '**/*.csv for'],
    ['docs**', 'such as docs/**'],
    ['a**b', 'such as docs/**'],
    ['***', 'such as docs/**'],
    ['{**.csv,x}', 'such as docs/**'],
    ['x/{a,b**}', 'such as docs/**'],
  ])('given %j, then the doubt tells %j, and what was stored before finds what * would', (glob, words) => {
    expect(globDoubt(glob)).toContain(words);
    expect(validateGlob(glob)).toBeUndefined();
    const [former, single] = [glob, glob.replace(/\*\*+/g, '*')].map(compileGlob);
    const keys = ['a.csv', 'x/a.csv', 'docs/a.csv', 'docs/x/a.csv', 'docs', 'docsx', 'docs/', 'ab', 'axb', 'a/b', 'x'];
    expect(keys.filter((key) => former?.(key))).toEqual(keys.filter((key) => single?.(key)));
  });

  test.each([
    '**',
    '**/*.csv',
    'docs/**',
    'a/**/b',
    '*.csv',
    '{**/x,y}',
    '\\*\\*.csv',
    '[*][*]x',
    '*\\*',
    'a*b*c',
    '[a',
    '',
  ])('given %j, then there is no doubt', (glob) => expect(globDoubt(glob)).toBeUndefined());

  test('given what the doubt proposes for a glob, then it finds that in every folder and raises no doubt', () => {
    expect(globDoubt('**/*.csv')).toBeUndefined();
    const keys = ['a.csv', 'x/a.csv', 'x/y/.csv', 'a.csv/b', 'a.tsv'];
    expect(keys.filter(compileGlob('**/*.csv'))).toEqual(['a.csv', 'x/a.csv', 'x/y/.csv']);
  });
});

describe('a glob on a key of 1,024 characters', () => {
  test.each([
    ['*a*a*a*a*a*a*a*b', false],
    ['**a**a**a**a**a**a**a**b', false],
    ['**/**/**/**/**/**/**/**/b', false],
    ['{*a,*b}{*a,*b}*a*b', false],
    ['*?*?*?*?*?*?*?*?', true],
    ['*a*a*a*a*a*a*a*', true],
  ])(
    'given %j, then the worst case ends, in time that does not depend on how many ways there are',
    (glob, expected) => {
      expect(compileGlob(glob)('a'.repeat(1024))).toBe(expected);
      expect(compileGlob(glob)('a/'.repeat(512))).toBe(false);
    },
  );
});

describe('a glob that meets more sets of states than are remembered', () => {
  test('given thousands of keys, then it goes on being right', () => {
    const matches = compileGlob('*a???????????b');
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b'), { minLength: 13, maxLength: 60 }), (letters) => {
        expect(matches(letters.join(''))).toBe(letters.at(-1) === 'b' && letters.at(-13) === 'a');
      }),
      { numRuns: 1000 },
    );
  });
});

/** The same glob as a backtracking regular expression: fine for short keys, and read in a quite different way. */
function asRegex(nodes: readonly GlobNode[]): string {
  const hex = (code: number) => `\\u{${code.toString(16)}}`;
  return nodes
    .map((node) => {
      if (node.type === 'literal') return hex(node.code);
      if (node.type === 'character') return '[^/]';
      if (node.type === 'star') return '[^/]*';
      if (node.type === 'globstar') return node.slash ? '(?:.*/)?' : '.*';
      if (node.type === 'either') return `(?:${node.options.map(asRegex).join('|')})`;
      return `(?!/)[${node.negated ? '^' : ''}${node.ranges.map(([low, high]) => `${hex(low)}-${hex(high)}`).join('')}]`;
    })
    .join('');
}

describe('a glob beside other matchers', () => {
  const alphabet = ['a', 'b', '/', '.', '😀', '\n', '\\', '-'];
  const key = fc.array(fc.constantFrom(...alphabet), { maxLength: 10 }).map((parts) => parts.join(''));

  test('given any glob and key, then it agrees with the regular expression it stands for', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      '/',
      '.',
      '😀',
      '\n',
      '\\\\',
      '*',
      '**',
      '/**/',
      '?',
      '[ab]',
      '[!a]',
      '[--z]',
      '{a,b}',
      '{,*}',
      '{a/**,{b,?}}',
    );
    const glob = fc.array(piece, { minLength: 1, maxLength: 7 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(glob, fc.array(key, { minLength: 10, maxLength: 10 }), (text, keys) => {
        const regex = new RegExp(`^(?:${asRegex(parseGlob(text))})$`, 'su');
        expect(keys.filter(compileGlob(text))).toEqual(keys.filter((candidate) => regex.test(candidate)));
      }),
      { numRuns: 1000 },
    );
  });

  test('given plain globs and plain paths, then it agrees with picomatch', () => {
    const options = { dot: true, nonegate: true, noextglob: true, strictSlashes: true, windows: false };
    const name = fc
      .array(fc.constantFrom('a', 'b', '-'), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join(''));
    const part = fc
      .array(fc.constantFrom('a', 'b', '-', '*', '?', '[ab]', '{a,bb}'), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join(''));
    const segment = fc.oneof({ weight: 3, arbitrary: part.filter((text) => !text.includes('**')) }, fc.constant('**'));
    const paths = fc.array(
      fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/')),
      { minLength: 10, maxLength: 10 },
    );
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), paths, (segments, keys) => {
        const glob = segments.join('/');
        expect(keys.filter(compileGlob(glob))).toEqual(keys.filter((path) => picomatch(glob, options)(path)));
      }),
      { numRuns: 500 },
    );
  });
});
