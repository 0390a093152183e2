import {
  assumed,
  bytesPerListedKey,
  type Change,
  costOfChanges,
  costOfFirstLoad,
  costOfFrontDoor,
  costOfMonth,
  costOfRun,
  costOfStorage,
  costOfTransfer,
  fixed,
  fixedMonth,
  type Interval,
  readUnitsPerSweep,
  readUnitsPerThousand,
  rotationMonth,
  sweepMonth,
  unitsPerChange,
  unitsPerRun,
  writeUnitsPerThousand,
} from './costs.ts';

const dollars = (amount: number): string =>
  amount.toLocaleString('en', {
    maximumFractionDigits: amount < 100 ? 2 : 0,
    minimumFractionDigits: amount < 100 ? 2 : 0,
  });
const count = (value: number): string => value.toLocaleString('en');
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;

const head = (names: readonly string[]): string => row(names) + row(names.map((_, at) => (at === 0 ? '---' : '---:')));

/** The cost tables of the README, in Markdown, with an empty line between them. */
export function costTables(): string {
  return [manySmall(), oneLarge(), changes(), units(), example()].join('\n');
}

function manySmall(): string {
  const intervals = ['10 seconds', '5 minutes', '1 hour'] as const;
  let text = head(['datasources of 1,000 objects', 'every 10 seconds', 'every 5 minutes', 'every hour']);
  for (const datasources of [10, 1000, 100_000]) {
    text += row([count(datasources), ...intervals.map((each) => dollars(costOfMonth(datasources, 1000, each)))]);
  }
  return text;
}

function oneLarge(): string {
  let text = head(['one datasource of', 'every hour', 'every day', 'first load, once', 'purge, once']);
  for (const objects of [1_000_000, 100_000_000, 1_000_000_000]) {
    const cost = (interval: Interval): string => dollars(costOfMonth(1, objects, interval));
    const once = [costOfFirstLoad(objects), costOfChanges(objects, 'purged')].map(dollars);
    text += row([`${count(objects)} objects`, cost('1 hour'), cost('1 day'), ...once]);
  }
  return text;
}

function changes(): string {
  let text = head(['a million objects that are', 'write units each', 'read units each', 'dollars']);
  for (const [change, { write, read }] of Object.entries(unitsPerChange)) {
    text += row([change, String(write), String(read), dollars(costOfChanges(1e6, change as Change))]);
  }
  return text;
}

function units(): string {
  const { write, read } = unitsPerRun;
  const run = `${write} write and ${read} read units, LIST, Scheduler, KMS, event, its message for webhooks, ${assumed.logBytes / 1000} KB of log, ${assumed.secondsPerRun} s of ${assumed.memoryGb.toFixed(2)} GB`;
  const page = `LIST, ${readUnitsPerThousand} read and ${writeUnitsPerThousand} write units, ${assumed.secondsPerPage} s`;
  const sweep = `${readUnitsPerSweep} read units every five minutes`;
  const stored = `${assumed.recordBytes} + ${assumed.itemOverheadBytes} bytes each, recovery included`;
  const idle = `${fixed.kmsKeys} keys, secret, ${fixed.alarmMetrics} metrics of alarms, ${fixed.metrics} metrics, dashboard, asking idle queues`;
  return [
    head(['what', 'is made of', 'dollars']),
    row(['a million runs', run, dollars(1e6 * costOfRun(1))]),
    row(['a million further pages of 1,000 objects', page, dollars(1e6 * (costOfRun(2000) - costOfRun(1000)))]),
    row(['1,000 datasources, a month', sweep, dollars(1000 * sweepMonth)]),
    row(['a million records, a month', stored, dollars(costOfStorage(1e6))]),
    row(['the stack, a month', idle, dollars(fixedMonth)]),
    row(['the same from its third year', 'rotated keys', dollars(fixedMonth + rotationMonth)]),
    row([
      'a million requests through a front door',
      'distribution, function at its edge',
      dollars(1e6 * costOfFrontDoor),
    ]),
    row([
      'a thousand million keys listed in another region',
      `${bytesPerListedKey} bytes each`,
      dollars(costOfTransfer(1e9)),
    ]),
  ].join('');
}

/** 10,000,000 objects of another region, listed every hour, of which each day 100,000 come, 50,000 change and 20,000 go. */
function example(): string {
  const objects = 10_000_000;
  const days = 30;
  const lines: [string, number][] = [
    ['720 runs over 10,000 pages', 720 * costOfRun(objects)],
    ['transfer from the other region', 720 * costOfTransfer(objects)],
    ['3,000,000 added', costOfChanges(days * 100_000, 'added')],
    ['1,500,000 modified', costOfChanges(days * 50_000, 'modified')],
    ['600,000 deleted', costOfChanges(days * 20_000, 'deleted')],
    ['storage', costOfStorage(objects)],
    ['the stack and its sweep', fixedMonth + sweepMonth],
  ];
  const total = lines.reduce((sum, [, amount]) => sum + amount, 0);
  const rows = [...lines, ['together', total] as [string, number]].map(([what, amount]) =>
    row([what, dollars(amount)]),
  );
  return head(['a month of 10,000,000 objects, every hour', 'dollars']) + rows.join('');
}
