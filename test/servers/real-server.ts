import type { JudgeTarget } from './judge.ts';

/** A server that runs on loopback, with what a client needs to be let in. */
export type RunningServer = JudgeTarget & {
  /** `host:port`, as a datasource's `endpoint` is written. */
  readonly host: string;
  /** Ends it and starts it again over the same data, at the same address. Absent where it keeps nothing over a restart. */
  restart?(): Promise<void>;
  stop(): Promise<void>;
};

/** A real S3 server: who makes it, how it is had, and how it runs. */
export type RealServer = {
  /** What `--only` takes. */
  readonly id: string;
  /** As its makers spell it. */
  readonly name: string;
  readonly version: string;
  /** In a few words: which package of which registry, how it is started. */
  readonly how: string;
  /** Has it ready, from the cache where it was made before. Throws NotHere with the reason where it cannot be had. */
  fetch(): void;
  /** Starts it over the empty folder given, on 127.0.0.1 alone. */
  start(folder: string): Promise<RunningServer>;
};
