import { parseArgs } from 'node:util';
import { simulateWeek, type WeekResult } from './week.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10' },
    from: { type: 'string', default: '1' },
    days: { type: 'string', default: '7' },
    datasources: { type: 'string', default: '20' },
    facts: { type: 'string', default: '80' },
    about: { type: 'string', default: '' },
  },
});
const [seeds, from, days, datasources, facts] = [
  values.seeds,
  values.from,
  values.days,
  values.datasources,
  values.facts,
].map(Number) as [number, number, number, number, number];

let failed = 0;
const totals: Record<string, number> = {};
const began = Date.now();
for (let seed = from; seed < from + seeds; seed += 1) {
  const started = Date.now();
  const result = await simulateWeek({ seed, days, datasources });
  tell(result, (Date.now() - started) / 1000);
}
console.log(
  Object.entries(totals)
    .map(([name, value]) => `${name} ${value}`)
    .join(', '),
);
console.log(`${seeds - failed} of ${seeds} seeds as they should be, in ${((Date.now() - began) / 1000).toFixed(1)} s`);
process.exitCode = failed > 0 ? 1 : 0;

function tell(result: WeekResult, seconds: number): void {
  const { seed, figures, hash, host, problems } = result;
  for (const [name, value] of Object.entries(figures)) totals[name] = (totals[name] ?? 0) + value;
  const { steps = 0, runs = 0, deleted = 0, changes = 0 } = figures;
  const ended = problems.length === 0 ? 'ok' : `${problems.length} PROBLEMS`;
  const did = `${steps} steps, ${runs} runs, ${deleted} deletions, ${changes} changes`;
  console.log(`seed ${seed}  ${ended}  ${seconds.toFixed(1)} s  ${host}  ${did}  trace ${hash}`);
  if (problems.length === 0) return;
  failed += 1;
  console.log(problems.slice(0, 12).join('\n'));
  console.log(`to replay: npm run simulate -- --seeds 1 --from ${seed} --days ${days} --datasources ${datasources}`);
  console.log(`what came before the first problem:\n${result.scene.slice(seeds === 1 ? 0 : -12).join('\n')}`);
  if (seeds > 1) return;
  console.log(
    `the last ${facts} facts${values.about && ` about ${values.about}`}, --facts N --about TEXT shows others:`,
  );
  console.log(result.trace(facts, values.about).join('\n'));
}
