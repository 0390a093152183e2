import { type Finding, type LintedTemplate, ofType } from './linted-template.ts';

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html: one has no plural. */
const rate = /^rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)$/;

/** Minutes, hours, day of month, month, day of week, year. */
const fields = [
  /^[\d*,/-]+$/,
  /^[\d*,/-]+$/,
  /^([\d*,/-]+|\?|L(-\d+)?|LW|\d+W)$/,
  /^([\d*,/-]+|((JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[,-]?)+)$/,
  /^([1-7*,/-]+|\?|[1-7]?L|[1-7]#[1-5]|((SUN|MON|TUE|WED|THU|FRI|SAT)[,-]?)+)$/,
  /^[\d*,/-]+$/,
];

/** When rules and schedules fire. */
export function expressionProblems(template: LintedTemplate): Finding[] {
  return ['AWS::Events::Rule', 'AWS::Scheduler::Schedule'].flatMap((type) =>
    ofType(template, type).flatMap(([id, { ScheduleExpression }]) =>
      ScheduleExpression === undefined || isExpression(String(ScheduleExpression))
        ? []
        : [{ rule: 'expression', text: `${id}: ${ScheduleExpression} is neither a rate nor a cron of EventBridge` }],
    ),
  );
}

function isExpression(text: string): boolean {
  if (rate.test(text)) return true;
  const cron = /^cron\((.*)\)$/.exec(text)?.[1]?.split(' ');
  if (cron?.length !== fields.length || !cron.every((field, index) => fields[index]?.test(field))) return false;
  // One of the two days must be left open, and only one may be given.
  return [cron[2], cron[4]].filter((day) => day === '?').length === 1;
}
