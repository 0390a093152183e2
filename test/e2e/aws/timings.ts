/** What took how long, in the order it was seen. */
export type Timings = {
  /** Measures from here to the call of what it returns; the name may be told only then. */
  start(name: string): () => void;
  /** Measures a promise; a failed one is not noted. */
  measure<Value>(name: string, work: () => Promise<Value>): Promise<Value>;
  /** A table for people. */
  toString(): string;
};

export function createTimings(): Timings {
  const rows: { name: string; ms: number }[] = [];
  const start = (name: string) => {
    const from = performance.now();
    return () => void rows.push({ name, ms: performance.now() - from });
  };
  return {
    start,
    async measure(name, work) {
      const stop = start(name);
      const value = await work();
      stop();
      return value;
    },
    toString() {
      const width = Math.max(0, ...rows.map(({ name }) => name.length));
      return rows.map(({ name, ms }) => `${name.padEnd(width)}  ${(ms / 1000).toFixed(2).padStart(7)} s`).join('\n');
    },
  };
}
