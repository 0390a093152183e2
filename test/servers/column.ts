import type { BucketClient } from './bucket-client.ts';
import type { RunningServer } from './real-server.ts';
import type { StocktakeUser } from './stocktake-user.ts';
import type { WatchedServer } from './watched-server.ts';

/** What a column finds out at one server. */
export type Cell = {
  /** `explained`: right, but for what the server itself cannot do. */
  readonly outcome: 'passed' | 'explained' | 'failed';
  /** A few words for the table: figures, or what went wrong. */
  readonly figure: string;
  /** Sentences for the notes below the table: what the server itself does, as boto3 sees it. */
  readonly notes?: readonly string[];
};

/** What the columns of one server work with, one after the other. */
export type Bench = {
  readonly server: RunningServer;
  readonly client: BucketClient;
  readonly stocktake: StocktakeUser;
  readonly watched: WatchedServer;
  /** 0–1: of the size of the larger buckets. */
  readonly share: number;
};

export type Column = {
  readonly name: string;
  /** What is done, in a sentence. */
  readonly what: string;
  /** How long it may take before it has failed. */
  readonly withinMs: number;
  run(bench: Bench): Promise<Cell>;
};

export const passed = (figure: string): Cell => ({ outcome: 'passed', figure });
export const failed = (figure: string): Cell => ({ outcome: 'failed', figure });
export const explained = (figure: string, ...notes: string[]): Cell => ({ outcome: 'explained', figure, notes });
