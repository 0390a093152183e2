/** How often a process that npm started looks whether its parent is still there, milliseconds. */
const lookMs = 500;

/** Who started this process. Asked when it begins: npm may have ended before the start is through. */
const parent = process.ppid;

/**
 * Calls `stop` once, when this process is told to end: by SIGINT, by SIGTERM, or, if npm started it, by the end of its
 * parent. npm hands SIGTERM to the shell that it runs scripts in, and most shells die of it without handing it on. A
 * second SIGINT or SIGTERM ends the process as it would without this.
 */
export function onStop(stop: (reason: string) => Promise<void>): void {
  const look = process.env.npm_lifecycle_event === undefined ? undefined : setInterval(lookForParent, lookMs).unref();
  process.once('SIGINT', begin).once('SIGTERM', begin);
  let begun = false;

  function begin(reason: string): void {
    clearInterval(look);
    if (begun) return;
    begun = true;
    stop(reason).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  }

  function lookForParent(): void {
    if (process.ppid !== parent) begin('npm has ended');
  }
}
