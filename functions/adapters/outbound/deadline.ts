/** Thrown by withinDeadline where the time was up first. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';

  constructor(timeMs: number) {
    super(`not settled within ${timeMs / 1000} s`);
  }
}

/**
 * Settles as the work does, or rejects with OutOfTime after `timeMs` milliseconds, also where the work never settles: a
 * library may lose sight of a connection, and of its abort signal with it. The signal is aborted when the time is up, for
 * the work to drop its sockets. It has one turn to give what it got so far; what comes of it later is not waited for.
 */
export async function withinDeadline<Result>(
  timeMs: number,
  work: (deadline: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const deadline = new AbortController();
  const late = Promise.withResolvers<never>();
  const outOfTime = new OutOfTime(timeMs);
  // Not AbortSignal.timeout, which does not keep the process alive for its answer.
  const timer = setTimeout(() => {
    deadline.abort(outOfTime);
    setImmediate(() => late.reject(outOfTime));
  }, timeMs);
  try {
    // The race listens to its loser, too: a late rejection is not an unhandled one.
    return await Promise.race([work(deadline.signal), late.promise]);
  } catch (error) {
    throw deadline.signal.aborted ? outOfTime : error;
  } finally {
    clearTimeout(timer);
  }
}
