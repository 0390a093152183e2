import { interleave } from './interleaving.ts';

const from = Number(process.argv[2] ?? 1);
const count = Number(process.argv[3] ?? 1);
const started = Date.now();
let bad = 0;
for (let seed = from; seed < from + count; seed += 1) {
  const result = await interleave(seed);
  if (result.problems.length > 0) {
    bad += 1;
    console.log(seed, result.problems.slice(0, 4).join('\n    ').slice(0, 1200));
    if (count === 1) console.log(result.trace().join('\n'));
  } else if (count === 1) console.log({ ...result, trace: undefined });
}
console.log(`${bad} of ${count} bad in ${Date.now() - started} ms`);
