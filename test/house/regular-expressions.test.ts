import { describe, expect, it } from 'vitest';
import { type Attack, attackSizes, attacksOn, attackText } from '#support/regex-attack.ts';
import { patternProblems } from '#support/regex-rule.ts';
import { findPatterns } from '#support/source-patterns.ts';

/** CPU of this process for one hostile text of 100 KB, milliseconds; the best of three counts. */
const mostMs = 50;

const { literals, made } = findPatterns();

describe('no pattern that can backtrack meets the text of a stranger', () => {
  it('given the source of functions and infra, its patterns are found, and none is made of texts at run time', () => {
    expect(literals.length).toBeGreaterThan(100);
    expect(made).toEqual([]);
  });

  it('given each of them, its structure has no place at which it could go back over what it took', () => {
    const problems = literals.flatMap(({ where, pattern }) =>
      patternProblems(pattern.source, pattern.flags).map((problem) => `${where}: ${problem}`),
    );
    expect(problems).toEqual([]);
  });

  it.each(literals.map((found) => [found.where, found.pattern] as const))('%s', (_where, pattern) => {
    expect(slowest(pattern)).toBeUndefined();
  });

  it.each([
    ['the filter that blocked the process', /^exists\(\s*([^()]*?)\s*\)$/],
    ['nested repetition', /^(a+)+$/],
    ['alternatives that overlap', /^(?:\d|\w|_)*;$/],
    ['two runs of the same', /^\s*x?\s*y$/],
    ['a run that is looked for everywhere', /\s+$/],
    ['wildcards in a row', /^.*a.*a.*a.*b$/s],
    ['a run behind a literal', /;\s*name\s*\s*=/],
  ])('given %s, the attack finds it', (_what, pattern) => {
    expect(slowest(pattern)).toMatchObject({ ms: expect.any(Number) });
  });
});

describe('the rule that reads the structure of a pattern', () => {
  it.each<[string, string]>([
    ['=+$', 'is begun anew at each place'],
    ['\\s+$', 'is begun anew at each place'],
    ['(a+)+', 'gives to itself'],
    ['^(a+)+$', 'gives to itself'],
    ['^(a*)*$', 'gives to itself'],
    ['^\\s*x?\\s*y$', 'gives to the next'],
    ['^exists\\(\\s*([^()]*?)\\s*\\)$', 'gives to the next'],
    ['^.*a.*a.*a.*b$', 'gives to the next'],
    [';\\s*name\\s*\\s*=', 'gives to the next'],
    ['^(https?):\\/\\/([^/?#]*)([^#]*)(#.*)?$', 'gives to the next'],
    ['^(?:\\d|\\w|_)*;$', 'has two ways to begin'],
    ['(a|a)*b', 'has two ways to begin'],
    ['^(a|ab|b)*c', 'has two ways to begin'],
    ['^(?:a?b?a?)*c', 'may go on or end'],
    ['^(?:ab?a?){1,99}c', 'may go on or end'],
    ['^(?:a{1,2})*$', 'may go on or end'],
    ['[^,]+,', 'is begun anew at each place'],
    ['(?=a+$)x', 'is begun anew at each place'],
  ])('given %s, it is refused: it %s', (source, problem) => {
    expect(patternProblems(source)).toContainEqual(expect.stringContaining(problem));
  });

  it.each([
    ...['^a+$', '^[a-z]+(?:-[a-z]+)*$', '^([a-z]+\\.)*[a-z]+$', '^(?:a|b)*c', '^(?:JAN|JUN|JUL)+$', '\\s+'],
    ...['^(a+){1}$', '^(?:ab|ac)*d', '"(?:[^"\\\\]|\\\\.)*"'],
  ])('given %s, which is linear, it is taken', (source) => {
    expect(patternProblems(source)).toEqual([]);
  });
});

/** The first attack that takes too long, and at which length; undefined if none does. */
function slowest(pattern: RegExp): { attack: Attack; size: number; ms: number } | undefined {
  for (const attack of attacksOn(pattern, 20261130)) {
    for (const size of attackSizes) {
      const text = attackText(attack, size);
      const ms = bestOfThree(() => meet(pattern, text));
      if (ms >= mostMs) return { attack, size, ms };
    }
  }
  return undefined;
}

/** As code meets it: from the beginning, and where the pattern is global to the end. */
function meet(pattern: RegExp, text: string): void {
  pattern.lastIndex = 0;
  if (pattern.global) text.match(pattern);
  else pattern.exec(text);
}

function bestOfThree(work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let time = 1; time <= 3; time += 1) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
    // Neither a moment in which the machine was busy, nor worth the wait for another.
    if (best < mostMs || best > 10 * mostMs) return best;
  }
  return best;
}
