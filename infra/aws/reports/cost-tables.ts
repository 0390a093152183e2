import { costOfFirstLoad, costOfMonth, type Interval } from './costs.ts';

const dollars = (amount: number): string =>
  amount.toLocaleString('en', {
    maximumFractionDigits: amount < 100 ? 2 : 0,
    minimumFractionDigits: amount < 100 ? 2 : 0,
  });
const count = (value: number): string => value.toLocaleString('en');
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;

/** The cost tables of the README, in Markdown. */
export function costTables(): string {
  let text = row(['datasources of 1,000 objects', 'every 5 minutes', 'every hour']) + row(['---', '---:', '---:']);
  for (const datasources of [10, 1000, 100_000]) {
    const cost = (interval: Interval): string => dollars(costOfMonth(datasources, 1000, interval));
    text += row([count(datasources), cost('5 minutes'), cost('1 hour')]);
  }
  text += `\n${row(['one datasource of', 'every hour', 'every day', 'first load, once'])}${row(['---', '---:', '---:', '---:'])}`;
  for (const objects of [1_000_000, 100_000_000, 1_000_000_000]) {
    const cost = (interval: Interval): string => dollars(costOfMonth(1, objects, interval));
    text += row([`${count(objects)} objects`, cost('1 hour'), cost('1 day'), dollars(costOfFirstLoad(objects))]);
  }
  return text;
}
