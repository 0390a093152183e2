import type { Log } from '#core/model/ports/host.ts';

export type LoggedFact = {
  readonly level: 'info' | 'warn' | 'error';
  readonly fact: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

/** A log that keeps what it is told. */
export function createRecordingLog(): Log & { readonly lines: readonly LoggedFact[] } {
  const lines: LoggedFact[] = [];
  const at =
    (level: LoggedFact['level']): Log['info'] =>
    (fact, fields = {}) =>
      void lines.push({ level, fact, fields });
  return { lines, info: at('info'), warn: at('warn'), error: at('error') };
}
