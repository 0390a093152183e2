import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import {
  type Argument,
  type CallExpression,
  type MemberExpression,
  type NewExpression,
  parseSync,
  Visitor,
} from 'oxc-parser';

type Found = { readonly pattern: RegExp; readonly where: string };

/** The patterns in the source of functions and infra, and where some are made of texts at run time. By the syntax tree, for what looks like a pattern in a text or a comment is none. */
export function findPatterns(): { literals: Found[]; made: string[] } {
  const found = new Map<string, Found>();
  const madeAt: string[] = [];
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'functions', 'infra'], {
    encoding: 'utf8',
  });
  for (const file of files.split('\n').filter((name) => name.endsWith('.ts'))) {
    const { program, errors } = parseSync(file, readFileSync(file, 'utf8'));
    if (errors.length > 0) throw new Error(`${file} cannot be read: ${errors[0]?.message}`);
    const noteMade = ({ callee, start, arguments: [first] }: NewExpression | CallExpression): void => {
      if (callee.type === 'Identifier' && callee.name === 'RegExp') madeAt.push(`${file}:${start}`);
      if (callee.type === 'MemberExpression' && isMadeByMatching(callee, first)) madeAt.push(`${file}:${start}`);
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

/** `text.match('a+')` and its like make a pattern of a text. */
function isMadeByMatching({ property }: MemberExpression, first: Argument | undefined): boolean {
  const name = property.type === 'Identifier' ? property.name : '';
  if (!['match', 'matchAll'].includes(name) || first === undefined) return false;
  return first.type === 'TemplateLiteral' || (first.type === 'Literal' && typeof first.value === 'string');
}
