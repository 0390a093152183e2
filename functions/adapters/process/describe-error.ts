/** Errors of foreign servers can be as long as their answers. */
const LONGEST = 1000;

/** What may be said of something thrown: its name and message, nothing that hangs on it (an SDK error carries headers). */
export function describeError(error: unknown): { readonly error: string; readonly message: string } {
  if (error instanceof Error) return { error: error.name, message: error.message.slice(0, LONGEST) };
  return { error: typeof error, message: String(error).slice(0, LONGEST) };
}
