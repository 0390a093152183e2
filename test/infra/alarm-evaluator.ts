/**
 * CloudWatch's evaluation of alarms, as far as the stack's alarms use it: statistics by period, M of N, missing data, metric
 * math. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
 */

/** One sample of a metric. `at` is its own time, `arrives` when CloudWatch can tell of it; both in seconds. */
export type Sample = { readonly at: number; readonly value: number; readonly arrives?: number };

/** Samples by the name of their metric, in order of `at`. */
export type World = Readonly<Record<string, readonly Sample[]>>;

/** `sliding`: periods end with the minute of the evaluation; `aligned`: with the clock's own. Both are found in AWS's words. */
export type Alignment = 'sliding' | 'aligned';

type MetricStat = { readonly Metric: { Namespace: string; MetricName: string }; readonly Period: number; Stat: string };
export type AlarmProperties = {
  readonly AlarmName: string;
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly Period?: number;
  readonly Statistic?: string;
  readonly Metrics?: readonly { Id: string; Expression?: string; MetricStat?: MetricStat; ReturnData?: boolean }[];
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm?: number;
  readonly Threshold: number;
  readonly ComparisonOperator: string;
  readonly TreatMissingData?: string;
};

/** By period, the newest first; undefined where there is no point. */
type Points = readonly (number | undefined)[];

/** So many periods more than it judges CloudWatch reads, to make up for points that have not come; the number is not told.
 *  Its documentation reckons with five for three. */
const periodsBeyond = 2;

/** How often the alarm went from OK to ALARM, and when, in seconds: that is what somebody is told. */
export function ringsOf(
  alarm: AlarmProperties,
  world: World,
  time: { readonly from: number; readonly to: number; readonly alignment: Alignment },
): number[] {
  const rings: number[] = [];
  let isOn = false;
  for (let now = time.from; now <= time.to; now += 60) {
    const next = judge(alarm, pointsOf(alarm, world, now, time.alignment), isOn);
    if (next && !isOn) rings.push(now);
    isOn = next;
  }
  return rings;
}

function judge(alarm: AlarmProperties, points: Points, isOn: boolean): boolean {
  if (alarm.ComparisonOperator !== 'GreaterThanThreshold')
    throw new Error(`${alarm.ComparisonOperator} is not known here`);
  const { EvaluationPeriods: wanted, DatapointsToAlarm: needed = wanted } = alarm;
  const real = points.filter((point) => point !== undefined);
  // Where enough have come, the most recent of these decide; otherwise all of them, and what is missing is filled in.
  const judged = real.slice(0, wanted);
  const above = judged.filter((point) => point > alarm.Threshold).length;
  if (above >= needed) return true;
  if (judged.length === wanted) return false;
  // DynamoDB's own metrics: whatever was asked for, missing data leave the alarm as it is.
  const isIgnored = alarm.Namespace === 'AWS/DynamoDB' || alarm.TreatMissingData === 'ignore';
  if (isIgnored) return judged.length - above > wanted - needed ? false : isOn;
  if (alarm.TreatMissingData !== 'notBreaching') throw new Error(`${alarm.TreatMissingData} is not known here`);
  return false;
}

function pointsOf(alarm: AlarmProperties, world: World, now: number, alignment: Alignment): Points {
  const periods = alarm.EvaluationPeriods + periodsBeyond;
  const statistic = (name: string, period: number, stat: string): Points => {
    const end = alignment === 'sliding' ? now : Math.floor(now / period) * period;
    return Array.from({ length: periods }, (_, index) => {
      const to = end - index * period;
      return summary(stat, within(world[name] ?? [], to - period, to, now));
    });
  };
  if (alarm.Metrics === undefined) return statistic(alarm.MetricName ?? '', alarm.Period ?? 60, alarm.Statistic ?? '');
  const series = new Map<string, Points>();
  for (const { Id, MetricStat: metric } of alarm.Metrics) {
    if (metric !== undefined) series.set(Id, statistic(metric.Metric.MetricName, metric.Period, metric.Stat));
  }
  const { Expression = '' } = alarm.Metrics.find(({ Expression: each }) => each !== undefined) ?? {};
  return Array.from({ length: periods }, (_, index) =>
    new Expressed(Expression, (id) => series.get(id)?.[index]).value(),
  );
}

function within(samples: readonly Sample[], from: number, to: number, now: number): number[] {
  // Samples are in order: the first that may count is found by halving.
  let low = 0;
  let high = samples.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((samples[middle]?.at ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  const found: number[] = [];
  for (let index = low; index < samples.length; index += 1) {
    const { at, value, arrives = at } = samples[index] as Sample;
    if (at >= to) break;
    if (arrives <= now) found.push(value);
  }
  return found;
}

function summary(stat: string, values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  switch (stat) {
    case 'Sum':
      return values.reduce((sum, value) => sum + value, 0);
    case 'Maximum':
      return Math.max(...values);
    case 'SampleCount':
      return values.length;
    default:
      throw new Error(`the statistic ${stat} is not known here`);
  }
}

const precedence: readonly (readonly string[])[] = [
  ['>=', '<=', '>', '<'],
  ['+', '-'],
  ['*', '/'],
];

/** Metric math at one moment: numbers, metrics, + - * /, comparisons, IF and FILL. A missing term leaves no value. */
class Expressed {
  readonly #tokens: string[];
  readonly #metric: (id: string) => number | undefined;

  constructor(expression: string, metric: (id: string) => number | undefined) {
    this.#tokens = expression.match(/[a-zA-Z]\w*|\d+(\.\d+)?|[<>]=?|\S/g) ?? [];
    this.#metric = metric;
  }

  value(): number | undefined {
    const value = this.#binary(0);
    if (this.#tokens.length > 0) throw new Error(`${this.#tokens.join(' ')} cannot be read`);
    return value;
  }

  #binary(level: number): number | undefined {
    const operators = precedence[level];
    if (operators === undefined) return this.#operand();
    let left = this.#binary(level + 1);
    while (operators.includes(this.#tokens[0] ?? '')) {
      const operator = this.#tokens.shift() ?? '';
      const right = this.#binary(level + 1);
      left = left === undefined || right === undefined ? undefined : applied(operator, left, right);
    }
    return left;
  }

  #operand(): number | undefined {
    const token = this.#tokens.shift() ?? '';
    if (token === '(') {
      const value = this.#binary(0);
      this.#expect(')');
      return value;
    }
    if (/^\d/.test(token)) return Number(token);
    if (token !== 'IF' && token !== 'FILL') return this.#metric(token);
    this.#expect('(');
    const given = [this.#binary(0)];
    while (this.#tokens[0] === ',') {
      this.#tokens.shift();
      given.push(this.#binary(0));
    }
    this.#expect(')');
    const [first, second, third] = given;
    if (token === 'FILL') return first ?? second;
    if (first === undefined) return undefined;
    return first === 0 ? third : second;
  }

  #expect(token: string): void {
    const found = this.#tokens.shift();
    if (found !== token) throw new Error(`${token} is missing before ${found}`);
  }
}

function applied(operator: string, left: number, right: number): number | undefined {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return right === 0 ? undefined : left / right;
    case '>=':
      return Number(left >= right);
    case '<=':
      return Number(left <= right);
    case '>':
      return Number(left > right);
    default:
      return Number(left < right);
  }
}
