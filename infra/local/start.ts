/** `npm start`: Stocktake on this machine until it is told to stop. */
import { createLineLog } from '#adapters/embedded/console-log.ts';
import { systemClock } from '#adapters/embedded/system-clock.ts';
import { Failure } from '#core/errors.ts';
import { readSettings } from './settings.ts';
import { startLocal } from './start-local.ts';

function explain(error: unknown): string {
  if (error instanceof Failure) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return `${error.message}. Something else listens there; set PORT to another port, or 0 for any free one`;
  }
  return error instanceof Error ? error.message : String(error);
}

try {
  const settings = readSettings(process.env);
  const write = (line: string): void => void process.stdout.write(line);
  const log = createLineLog({ write, format: settings.logFormat, clock: systemClock });
  const stocktake = await startLocal(settings, log);
  log.info('listening', { url: stocktake.url, data: settings.dataFolder });
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    log.info('stopping', { signal });
    await stocktake.stop();
    process.exit(0);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
} catch (error) {
  process.stderr.write(`stocktake cannot start: ${explain(error)}\n`);
  process.exit(1);
}
