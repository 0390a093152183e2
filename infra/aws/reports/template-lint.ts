import type { Finding, LintedTemplate } from './linted-template.ts';
import { alarmProblems } from './template-alarms.ts';
import { expressionProblems } from './template-expressions.ts';
import { lengthProblems } from './template-lengths.ts';
import { routeProblems } from './template-routes.ts';
import { sizeProblems } from './template-sizes.ts';

/** What AWS refuses of a synthesized template, or takes and never does, though emulators and schemas take it. */
export function lintTemplate(template: LintedTemplate): Finding[] {
  const rules = [routeProblems, lengthProblems, expressionProblems, sizeProblems, alarmProblems];
  return rules.flatMap((rule) => rule(template));
}
