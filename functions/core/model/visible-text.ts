/** Control characters, and those that break a line. */
const breaking = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/**
 * Bidi embeddings, overrides and isolates, and the deprecated ones behind them: with these a text reads otherwise than it
 * is, and turns what is shown around it (https://www.unicode.org/reports/tr9/). Marks of direction and joiners are not among
 * them: Hebrew, Arabic, Persian and emoji are written with those.
 */
const turning = /[\u202a-\u202e\u2066-\u206f]/u;

/** Anything that leaves a trace where it is shown. */
const visible = /[^\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

/** Why a text is no name or label of one line that people can tell from another; undefined where it is. */
export function labelProblem(text: string): string | undefined {
  const broken = breaking.exec(text);
  if (broken !== null) return `holds ${codeOf(broken[0])}, a control character or the end of a line: leave it out`;
  const turned = turning.exec(text);
  if (turned !== null)
    return `holds ${codeOf(turned[0])}, which turns the direction of what is around it: leave it out`;
  if (text !== '' && !visible.test(text)) return 'holds nothing that can be seen';
  return undefined;
}

/** The same for a text of several lines, which may also have tabs. */
export function textProblem(text: string): string | undefined {
  return labelProblem(text.replace(/[\t\r\n]/g, '-'));
}

function codeOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
