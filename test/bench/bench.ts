import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { bareListing, benchSyncs, type SyncTimings } from './sync-bench.ts';

const file = new URL('../../docs/benchmarks.md', import.meta.url);

const syncs = await benchSyncs();
const page = `# Benchmarks

Written by \`npm run bench\`. The figures of one table were measured side by side in one process, medians of
${syncs.rounds} rounds: compare them with each other, not with those of another machine or day.

Machine: ${machine()}.

## Syncs of ${count(syncs.objects)} objects

The objects are made up in memory and the catalogue is a SQLite file: this is what Stocktake itself takes, without the
network, without reading XML, and without DynamoDB. Listing alone includes making up the objects. The ratio is of
processor time, which other work of the machine disturbs least.

${syncTable(syncs)}
`;
writeFileSync(file, page);
console.log(page);

function syncTable({ objects, timings }: SyncTimings): string {
  const bare = timings.find(({ name }) => name === bareListing)?.cpuSeconds ?? Number.NaN;
  const rows = timings.map(({ name, seconds, cpuSeconds }) => {
    const each = `${((cpuSeconds * 1e6) / objects).toFixed(1)} µs`;
    return `| ${name} | ${seconds.toFixed(2)} | ${cpuSeconds.toFixed(2)} | ${each} | ${(cpuSeconds / bare).toFixed(1)} |`;
  });
  const head = '| | seconds | processor seconds | of the processor, an object | ÷ listing alone |';
  return [head, '| --- | ---: | ---: | ---: | ---: |', ...rows].join('\n');
}

/** What a figure depends on, and nothing that names the machine. */
function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${model}, ${availableParallelism()} cores, ${memory} GiB of memory, Node ${process.version}, ${process.platform}`;
}

function count(number: number): string {
  return number.toLocaleString('en');
}
