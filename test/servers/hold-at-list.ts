import type { Bench } from './column.ts';

export type Held = {
  /** False where the run ended before it asked for so many. */
  readonly arrived: boolean;
  /** Lets through what waits at the door, and all that comes. */
  release(): void;
};

/** Lets so many lists of a run through, from now on, and holds up the next until it is released. */
export async function holdAtList(
  { stocktake, watched }: Bench,
  { datasource, run, lists, withinMs }: { datasource: string; run: string; lists: number; withinMs: number },
): Promise<Held> {
  let arrive = (): void => {};
  let open = (): void => {};
  const arrived = new Promise<true>((resolve) => {
    arrive = () => resolve(true);
  });
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const before = watched.counts();
  watched.holdUp = async () => {
    if (watched.counts(before).lists <= lists) return;
    arrive();
    await opened;
  };
  const release = (): void => {
    watched.holdUp = undefined;
    open();
  };
  const deadline = Date.now() + withinMs;
  while (Date.now() < deadline) {
    const pause = new Promise<false>((resolve) => setTimeout(() => resolve(false), 50));
    if (await Promise.race([arrived, pause])) return { arrived: true, release };
    const { status } = await stocktake.run(datasource, run);
    if (status === 'queued' || status === 'running') continue;
    release();
    return { arrived: false, release };
  }
  release();
  throw new Error(`the run has not asked for ${lists} lists after ${withinMs / 1000} s`);
}
