import { Failure } from '#core/model/errors.ts';

/** Says to whoever typed the command why it cannot start, every wrong setting included. */
export function explainStart(error: unknown): string {
  if (error instanceof Failure && error.details.length > 1) {
    return error.details.map(({ path, reason }) => `${path}: ${reason}`).join('; ');
  }
  if (error instanceof Failure) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return `${error.message}. Something else listens there; set PORT to another port, or 0 for any free one`;
  }
  return error instanceof Error ? error.message : String(error);
}
