import { type Bundle, withBundles } from './bundles.ts';
import { initTime } from './init-time.ts';

const starts = 7;

/** Prints the size of each function's bundle, its budget, and the median time of fresh Node processes to load it. Ends
 *  with exit code 1 if a bundle is beyond its budget. */
async function report(): Promise<void> {
  const rows = await withBundles(async (bundles) => {
    const measured: string[][] = [];
    for (const bundle of bundles) measured.push(await row(bundle));
    return measured;
  });
  const lines = [['function', 'KB, minified', 'budget', `init, ms (median of ${starts})`], ...rows];
  for (const [name = '', size = '', budget = '', time = ''] of lines) {
    process.stdout.write(`${name.padEnd(12)}${size.padStart(14)}${budget.padStart(10)}${time.padStart(28)}\n`);
  }
}

async function row(bundle: Bundle): Promise<string[]> {
  const times: number[] = [];
  for (let start = 0; start < starts; start += 1) times.push(await initTime(bundle));
  const median = times.sort((one, other) => one - other)[Math.floor(starts / 2)] ?? Number.NaN;
  if (bundle.bytes > bundle.budget) process.exitCode = 1;
  return [bundle.name, (bundle.bytes / 1000).toFixed(0), (bundle.budget / 1000).toFixed(0), median.toFixed(0)];
}

await report();
