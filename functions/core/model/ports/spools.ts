/**
 * Lines put aside in several runs, each in an order of the caller's, to be read again beside each other. Nothing of it
 * outlives the process.
 */
export interface Spool {
  /** Adds a run. A line holds no line feed. Throws Failure `listing_too_large` where the room is used up. */
  write(lines: readonly string[]): Promise<void>;
  /** The runs as they were written, each from its first line on, some lines at a time. */
  runs(): readonly AsyncIterable<readonly string[]>[];
  /** Gives the room back. */
  close(): Promise<void>;
}

/** Room for what does not fit into memory. */
export interface Spools {
  open(): Promise<Spool>;
}
