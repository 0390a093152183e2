/** Hands in work; settles as the work does. */
export type Turns = <Result>(work: () => Promise<Result>) => Promise<Result>;

/**
 * Runs asynchronous work one after another, in the order it was handed in; a failure reaches its own caller only.
 * What reads, decides and writes in one turn needs no condition on the write, as one process owns the store.
 */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
}
