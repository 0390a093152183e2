/** One field of a Unix cron expression: its bounds and, for months and weekdays, its names in order from `min`. */
export type CronField = {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
};

/** One part of a comma list, read: what it says and the values it stands for, in the order it counts them. */
export type CronPart = {
  readonly kind: 'all' | 'single' | 'range' | 'step';
  readonly named: boolean;
  readonly text: string;
  readonly values: readonly number[];
};

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

export const minuteField: CronField = { label: 'minute', min: 0, max: 59, names: [] };
export const hourField: CronField = { label: 'hour', min: 0, max: 23, names: [] };
export const dayField: CronField = { label: 'day of month', min: 1, max: 31, names: [] };
export const monthField: CronField = { label: 'month', min: 1, max: 12, names: months };
/** 0 and 7 are both Sunday, as in every Unix cron. */
export const weekdayField: CronField = { label: 'day of week', min: 0, max: 7, names: weekdays };

/** Why a field cannot be read; caught within the conversion, so that one reason reaches the user. */
export class CronProblem extends Error {}

/** Reads one field. Throws CronProblem with the reason. */
export function readField(field: CronField, text: string): CronPart[] {
  return text.split(',').map((part) => readPart(field, part));
}

function readPart(field: CronField, text: string): CronPart {
  const [base = '', step, ...rest] = text.split('/');
  if (base === '' || rest.length > 0) throw cannotRead(field, text);
  const all = base === '*';
  const values = all ? span(field.min, field.max) : readSpan(field, base);
  if (step === undefined) {
    const kind = all ? 'all' : base.includes('-') ? 'range' : 'single';
    return { kind, named: /^[A-Z]/i.test(base), text: text.toUpperCase(), values };
  }
  if (!all && !base.includes('-')) {
    throw new CronProblem(
      `the ${field.label} ${show(text)} steps from a single value; write a range, such as ${base}-${field.max}/${step}`,
    );
  }
  const width = readStep(field, step, text);
  if (width === 1) return { kind: all ? 'all' : 'range', named: false, text, values };
  return { kind: 'step', named: false, text, values: values.filter((_, i) => i % width === 0) };
}

function readSpan(field: CronField, text: string): number[] {
  const [from = '', to, ...rest] = text.split('-');
  if (rest.length > 0) throw cannotRead(field, text);
  const low = readValue(field, from, text);
  if (to === undefined) return [low];
  const high = readValue(field, to, text);
  if (low <= high) return span(low, high);
  // A week turns over: FRI-MON has one meaning only, and so has a range that ends on SUN.
  if (field === weekdayField) return [...span(low, 6), ...span(0, high)];
  throw new CronProblem(
    `the ${field.label} ${show(text)} runs backwards; write it as two ranges: ${from}-${field.max},${field.min}-${to}`,
  );
}

function readValue(field: CronField, text: string, whole: string): number {
  const named = field.names.indexOf(text.toUpperCase());
  if (named >= 0) return field.min + named;
  if (!/^\d{1,4}$/.test(text)) throw cannotRead(field, whole);
  const value = Number(text);
  if (value >= field.min && value <= field.max) return value;
  throw new CronProblem(`the ${field.label} ${show(text)} is out of range: it takes ${describe(field)}`);
}

function readStep(field: CronField, step: string, whole: string): number {
  if (!/^\d{1,4}$/.test(step)) throw cannotRead(field, whole);
  const width = Number(step);
  if (width >= 1 && width <= field.max) return width;
  throw new CronProblem(`the step of the ${field.label} ${show(whole)} is out of range: it takes 1–${field.max}`);
}

function span(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function cannotRead(field: CronField, text: string): CronProblem {
  return new CronProblem(
    `the ${field.label} ${show(text)} cannot be read: it takes ${describe(field)}, lists (1,3), ranges (1-5) and steps (*/2)`,
  );
}

function describe(field: CronField): string {
  const [first] = field.names;
  const names = first === undefined ? '' : ` or ${first}–${field.names.at(-1)}`;
  return `${field.min}–${field.max}${names}`;
}

function show(text: string): string {
  return JSON.stringify(text.length <= 40 ? text : `${text.slice(0, 39)}…`);
}
