import { type AST, RegExpParser, visitRegExpAST } from '@eslint-community/regexpp';
import { getFirstConsumedChar, getFirstConsumedCharAfter, type ReadonlyFlags, toCache } from 'regexp-ast-analysis';
import { analyse, type Report } from 'scslre';

const parser = new RegExpParser();

/**
 * Why a pattern may take more time than its text is long, read from its structure alone; nothing if it cannot. Three kinds
 * of the same: one repetition gives characters to the next (`a*a*`) or to itself (`(a+)+`); it is begun anew at each place
 * of the text and fails late (`=+$`); or a round of a repetition can be taken in two ways (`(?:\d|\w)*`). It errs on the safe side: where
 * nothing stands behind a repetition, something is taken to.
 */
export function patternProblems(source: string, flags = ''): string[] {
  const unicode = { unicode: flags.includes('u'), unicodeSets: flags.includes('v') };
  const literal = {
    pattern: parser.parsePattern(source, 0, source.length, unicode),
    flags: parser.parseFlags(flags),
  };
  const given = analyse(literal, { reportTypes: { Move: false }, assumeRejectingSuffix: true });
  const begun = analyse(literal, { reportTypes: { Self: false, Trade: false }, assumeRejectingSuffix: false });
  const words = { Self: 'gives to itself', Trade: 'gives to the next', Move: 'is begun anew at each place' };
  return [
    ...[...given.reports, ...begun.reports].map((report) => `${spotOf(report)} ${words[report.type]}`),
    ...roundsInTwoWays(literal.pattern, toCache(literal.flags)),
  ];
}

function spotOf(report: Report): string {
  return report.type === 'Trade' ? report.startQuant.raw : report.quant.raw;
}

/** Parts of a repetition at which a round can be begun, or gone on with, in two ways. */
function roundsInTwoWays(pattern: AST.Pattern, flags: ReadonlyFlags): string[] {
  const found: string[] = [];
  const first = (element: Consumer) => getFirstConsumedChar(element, 'ltr', flags).char;
  const visitGroup = (group: AST.Group | AST.CapturingGroup): void => {
    const { alternatives: all } = group;
    const alike = all.some((one, index) => all.slice(index + 1).some((other) => !differ(one, other, first)));
    if (alike && isRepeated(group)) found.push(`${group.raw} has two ways to begin`);
  };
  visitRegExpAST(pattern, {
    onGroupEnter: visitGroup,
    onCapturingGroupEnter: visitGroup,
    onQuantifierEnter: (quantifier) => {
      if (quantifier.min === quantifier.max || !isRepeated(quantifier)) return;
      const after = getFirstConsumedCharAfter(quantifier, 'ltr', flags).char;
      if (first(quantifier.element).isDisjointWith(after)) return;
      found.push(`${quantifier.raw} in a repetition may go on or end`);
    },
  });
  return found;
}

type Consumer = Parameters<typeof getFirstConsumedChar>[0];
type Characters = ReturnType<typeof getFirstConsumedChar>['char'];

/** Whether a character decides between two alternatives: the first, or one behind characters that both have singly. */
function differ(one: AST.Alternative, other: AST.Alternative, first: (element: Consumer) => Characters): boolean {
  if (first(one).isDisjointWith(first(other))) return true;
  for (const [index, mine] of one.elements.entries()) {
    const its = other.elements[index];
    if (its === undefined || !isOneCharacter(mine) || !isOneCharacter(its)) return false;
    if (first(mine).isDisjointWith(first(its))) return true;
  }
  return false;
}

function isOneCharacter({ type }: AST.Element): boolean {
  return type === 'Character' || type === 'CharacterSet' || type === 'CharacterClass';
}

/** So many rounds are as good as no end. */
const manyRounds = 20;

function isRepeated(element: AST.Group | AST.CapturingGroup | AST.Quantifier): boolean {
  let node: AST.Node | null = element.parent;
  for (; node !== null; node = node.parent) {
    if (node.type === 'Quantifier' && node.max > manyRounds) return true;
  }
  return false;
}
