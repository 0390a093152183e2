import { type Finding, type LintedTemplate, ofType } from './linted-template.ts';

type Query = {
  readonly Expression?: string;
  readonly ReturnData?: boolean;
  readonly MetricStat?: { readonly Period?: number };
};

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html: a day, and with periods of an hour a week. */
const day = 86_400;
const hour = 3600;

/** Alarms that CloudWatch refuses, and those that it takes and that can never ring. */
export function alarmProblems(template: LintedTemplate): Finding[] {
  return ofType(template, 'AWS::CloudWatch::Alarm').flatMap(([id, alarm]) =>
    problemsOf(alarm).map((text) => ({ rule: 'alarm', text: `${id}: ${text}` })),
  );
}

function problemsOf(alarm: Readonly<Record<string, unknown>>): string[] {
  const queries = (alarm.Metrics ?? []) as readonly Query[];
  const evaluated = Number(alarm.EvaluationPeriods ?? 1);
  const breaching = Number(alarm.DatapointsToAlarm ?? evaluated);
  const periods = [Number(alarm.Period ?? 0), ...queries.map(({ MetricStat }) => MetricStat?.Period ?? 0)];
  const longest = Math.max(...periods);
  const filled = queries.some(({ Expression = '' }) => /\bFILL\s*\(/.test(Expression));
  return [
    // Where the newest point is late, FILL stands in for it, and a run of breaching points never reaches the end.
    ...(filled && breaching >= evaluated ? [`FILL in ${breaching} of ${evaluated}: it can be stuck in OK`] : []),
    ...(breaching > evaluated ? [`${breaching} of ${evaluated} periods cannot be`] : []),
    ...periods
      .filter((period) => period !== 0 && ![10, 20, 30].includes(period) && period % 60 !== 0)
      .map((period) => `a period of ${period} s is none of 10, 20, 30 and whole minutes`),
    ...(evaluated * longest > (longest >= hour ? 7 * day : day) ? [`it looks back for ${evaluated * longest} s`] : []),
    ...(queries.length > 10 ? [`${queries.length} metrics, and an alarm takes 10`] : []),
    ...(queries.length > 0 && queries.filter(({ ReturnData = true }) => ReturnData).length !== 1
      ? ['not one of its metrics returns the data']
      : []),
  ];
}
