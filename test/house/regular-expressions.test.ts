import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type CallExpression, type NewExpression, parseSync, Visitor } from 'oxc-parser';
import { describe, expect, it } from 'vitest';
import { type Attack, attackSizes, attacksOn, attackText } from '#support/regex-attack.ts';

/** CPU of this process for one hostile text of 100 KB, milliseconds; the best of three counts. */
const mostMs = 50;

type Found = { readonly pattern: RegExp; readonly where: string };

const { literals, made } = findPatterns();

describe('no pattern that can backtrack meets the text of a stranger', () => {
  it('given the source of functions and infra, its patterns are found, and none is made of texts at run time', () => {
    expect(literals.length).toBeGreaterThan(100);
    expect(made).toEqual([]);
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

/** By the syntax tree, for what looks like a pattern in a text or a comment is none. */
function findPatterns(): { literals: Found[]; made: string[] } {
  const found = new Map<string, Found>();
  const madeAt: string[] = [];
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'functions', 'infra'], {
    encoding: 'utf8',
  });
  for (const file of files.split('\n').filter((name) => name.endsWith('.ts'))) {
    const { program, errors } = parseSync(file, readFileSync(file, 'utf8'));
    expect(errors, file).toEqual([]);
    const noteMade = ({ callee, start }: NewExpression | CallExpression): void => {
      if (callee.type === 'Identifier' && callee.name === 'RegExp') madeAt.push(`${file}:${start}`);
    };
    new Visitor({
      Literal(node) {
        if (!('regex' in node)) return;
        const { pattern, flags } = node.regex;
        found.set(`${pattern}/${flags}`, { pattern: new RegExp(pattern, flags), where: `${file} ${node.raw}` });
      },
      NewExpression: noteMade,
      CallExpression: noteMade,
    }).visit(program);
  }
  return { literals: [...found.values()], made: madeAt };
}
