import { interleave } from './interleaving.ts';

/**
 * `node test/simulation/replay-interleaving.ts SEED [ABOUT]` plays one interleaving again; `SEED..SEED` many of them.
 */
const [from = '1', about = ''] = process.argv.slice(2);
const [first = 1, last = first] = from.split('..').map(Number);

let failed = 0;
for (let seed = first; seed <= last; seed += 1) {
  const { problems, trace, scene, ...figures } = await interleave(seed);
  if (first === last) console.log(trace(about).join('\n'), figures);
  if (problems.length === 0) continue;
  failed += 1;
  console.log(`seed ${seed}: ${problems.slice(0, 4).join('\n    ')}`);
  if (first === last) console.log(`what came before:\n${scene.join('\n')}`);
}
console.log(`${last - first + 1 - failed} of ${last - first + 1} as they should be`);
process.exitCode = failed > 0 ? 1 : 0;
