export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Told of a stored moment (epoch ms) that only a clock can have written that was ahead of this one. */
  noteAhead?(at: number): void;
}

export interface Ids {
  /** 128 random bits or more, as [0-9a-z] text of fixed length. */
  unique(): string;
}

/** Structured log: facts with their ids, never secrets, never a raw SDK error. */
export interface Log {
  info(fact: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(fact: string, fields?: Readonly<Record<string, unknown>>): void;
  error(fact: string, fields?: Readonly<Record<string, unknown>>): void;
}
