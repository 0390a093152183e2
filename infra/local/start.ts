/** `npm start`: Stocktake on this machine until it is told to stop. */
import { createLineLog } from '#adapters/process/console-log.ts';
import { systemClock } from '#adapters/process/system-clock.ts';
import { explainStart } from './explain-start.ts';
import { tellFirstKey } from './first-key-file.ts';
import { readSettings } from './settings.ts';
import { startLocal } from './start-local.ts';
import { onStop } from './stop-signals.ts';

try {
  const settings = readSettings(process.env);
  const write = (line: string): void => void process.stdout.write(line);
  const log = createLineLog({ write, format: settings.logFormat, clock: systemClock });
  const stocktake = await startLocal(settings, log);
  if (stocktake.firstKey !== undefined) write(tellFirstKey(stocktake.firstKey, process.stdout.isTTY));
  log.info('listening', { url: stocktake.url, data: settings.dataFolder });
  onStop(async (reason) => {
    log.info('stopping', { reason });
    await stocktake.stop();
  });
} catch (error) {
  process.stderr.write(`stocktake cannot start: ${explainStart(error)}\n`);
  process.exit(1);
}
