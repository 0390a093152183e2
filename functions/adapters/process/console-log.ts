import type { Clock, Log } from '#core/model/ports/host.ts';
import { signatureAt } from '#core/model/signature-marks.ts';

export type LogFormat = 'text' | 'json';
export type LineLogOptions = {
  /** Takes one line, its newline included. */
  readonly write: (line: string) => void;
  readonly format: LogFormat;
  readonly clock: Clock;
};

type Level = 'info' | 'warn' | 'error';
type Fields = Readonly<Record<string, unknown>>;
type Field = readonly [name: string, value: unknown];

const OF_EVERY_LINE: ReadonlySet<string> = new Set(['timestamp', 'level', 'fact']);
const REDACTED = '[redacted]';
/** Stands for what JSON has no words for: a cycle, a function. */
const UNSAYABLE = '"[unsayable]"';

/** What is secret is not logged in the first place; this catches the field that slips in one day. */
const SECRET_NAME = /^secret|passw(or)?d|passphrase|authorization|token$|api[-_]?key$/i;

/** Beyond ASCII: controls, the invisible, and what breaks a line or turns its direction around in a terminal. */
const UNPRINTABLE = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** A value that stands in a text line as it is: no space, quote, equals sign or backslash in it. */
const PLAIN = /^[^\s"'=\\\p{C}]+$/u;

/**
 * A log of one line per fact. Text: `<RFC 3339> <level> <fact> name=value …`, a value quoted as JSON where it is not
 * plain. JSON: one object a line. Its time is called `timestamp`, for a line without one counts as INFO where Lambda
 * filters by level: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html. Neither form
 * lets a value, such as an object's key, begin a line of its own. Never throws for what it is given to say.
 */
export function createLineLog({ write, format, clock }: LineLogOptions): Log {
  const line = format === 'json' ? jsonLine : textLine;
  const at =
    (level: Level) =>
    (fact: string, fields: Fields = {}) => {
      const told = Object.entries(fields).filter(([, value]) => value !== undefined);
      write(`${line(new Date(clock.now()).toISOString(), level, fact, told)}\n`);
    };
  return { info: at('info'), warn: at('warn'), error: at('error') };
}

function textLine(time: string, level: Level, fact: string, fields: readonly Field[]): string {
  const pairs = fields.map(([name, value]) => {
    const plain = typeof value === 'string' && !SECRET_NAME.test(name);
    return `${plainOrQuoted(name)}=${plain ? plainOrQuoted(unsigned(value)) : fieldJson(name, value)}`;
  });
  return [time, level.padEnd(5), toJson(fact).slice(1, -1), ...pairs].join(' ');
}

function plainOrQuoted(text: string): string {
  return PLAIN.test(text) ? text : toJson(text);
}

function jsonLine(time: string, level: Level, fact: string, fields: readonly Field[]): string {
  const members = fields.map(([name, value]) => {
    // A field never takes the place of what every line has.
    const own = OF_EVERY_LINE.has(name) ? `field.${name}` : name;
    return `${toJson(own)}:${fieldJson(name, value)}`;
  });
  return `{${[`"timestamp":"${time}","level":"${level}","fact":${toJson(fact)}`, ...members].join()}}`;
}

function fieldJson(name: string, value: unknown): string {
  return toJson(SECRET_NAME.test(name) ? REDACTED : value);
}

function toJson(value: unknown): string {
  try {
    const json = JSON.stringify(value, printable) ?? UNSAYABLE;
    return json.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  } catch {
    return UNSAYABLE;
  }
}

function printable(name: string, value: unknown): unknown {
  if (SECRET_NAME.test(name)) return REDACTED;
  if (typeof value === 'bigint') return String(value);
  // Its name and message only: what hangs on an SDK error can carry an Authorization header.
  if (value instanceof Error) return unsigned(`${value.name}: ${value.message}`);
  return typeof value === 'string' ? unsigned(value) : value;
}

/** Ends where a signature begins. Whoever logs what a server said has it looked through; this is for who forgets to. */
function unsigned(text: string): string {
  const at = signatureAt(text);
  return at === -1 ? text : `${text.slice(0, at)}${REDACTED}`;
}
