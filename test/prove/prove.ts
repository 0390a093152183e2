import { parseArgs } from 'node:util';
import type { ProofResult } from './proof-result.ts';
import { proofTable } from './proof-table.ts';

export type ProveOptions = {
  /** 0–1: of the full size. */
  readonly share: number;
  /** Whatever is random follows from it. */
  readonly seed: number;
};

type Proof = {
  readonly name: string;
  /** Modules are loaded one by one, so that what one of them holds does not weigh on the measurements of the next. */
  readonly load: () => Promise<(options: ProveOptions) => Promise<ProofResult[]>>;
};

/** In the order in which the table shows them. */
const proofs: readonly Proof[] = [
  { name: 'no-false-delete', load: async () => (await import('./no-false-delete.ts')).proveNoFalseDelete },
  { name: 'crash-and-resume', load: async () => (await import('./crash-and-resume.ts')).proveCrashAndResume },
  { name: 'one-run', load: async () => (await import('./one-run.ts')).proveOneRun },
  { name: 'any-key', load: async () => (await import('./any-key.ts')).proveAnyKey },
  { name: 'scale', load: async () => (await import('./scale.ts')).proveScale },
  { name: 'unordered', load: async () => (await import('./unordered.ts')).proveUnordered },
  { name: 'hostile', load: async () => (await import('./hostile.ts')).proveHostile },
  {
    name: 'hostile-neighbours',
    load: async () => (await import('./hostile-neighbours.ts')).proveHostileNeighbours,
  },
  {
    name: 'hostile-endpoints',
    load: async () => (await import('./hostile-endpoints.ts')).proveHostileEndpoints,
  },
  { name: 'hostile-bodies', load: async () => (await import('./hostile-bodies.ts')).proveHostileBodies },
  { name: 'lost-updates', load: async () => (await import('./lost-updates.ts')).proveLostUpdates },
  { name: 'flood', load: async () => (await import('./flood.ts')).proveFlood },
  { name: 'throttling', load: async () => (await import('./throttling.ts')).proveThrottling },
  { name: 'purge', load: async () => (await import('./purge.ts')).provePurge },
  { name: 'mutations', load: async () => (await import('./mutation.ts')).proveMutations },
  { name: 'sweep', load: async () => (await import('./sweep.ts')).proveSweep },
  { name: 'simulation', load: async () => (await import('./simulation.ts')).proveSimulation },
];

const usage = `npm run prove -- [--share 0.05] [--seed 1] [--only ${proofs.map(({ name }) => name).join('|')}]…`;

async function prove(): Promise<boolean> {
  const { share, seed, only } = readOptions();
  const results: ProofResult[] = [];
  for (const proof of proofs.filter(({ name }) => only.length === 0 || only.includes(name))) {
    process.stderr.write(`${proof.name}: share ${share}, seed ${seed}\n`);
    results.push(...(await resultsOf(proof, { share, seed })));
  }
  console.log(proofTable(results));
  return results.length > 0 && results.every(({ passed }) => passed);
}

/** A proof that breaks off is one that failed; the others go on. */
async function resultsOf({ name, load }: Proof, options: ProveOptions): Promise<ProofResult[]> {
  const began = Date.now();
  try {
    const run = await load();
    return await run(options);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    const measured = `broke off: ${error instanceof Error ? error.message : String(error)}`;
    const seconds = (Date.now() - began) / 1000;
    return [{ proof: name, claim: 'the proof comes to its end', measured, passed: false, seconds }];
  }
}

function readOptions(): ProveOptions & { readonly only: readonly string[] } {
  const { values } = parseArgs({
    options: {
      share: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', multiple: true, default: [] },
    },
  });
  const share = Number(values.share);
  const seed = Number(values.seed);
  const unknown = values.only.filter((name) => !proofs.some((proof) => proof.name === name));
  if (!(share > 0 && share <= 1)) throw new Error(`--share must be above 0 and at most 1\n${usage}`);
  if (!Number.isSafeInteger(seed)) throw new Error(`--seed must be a whole number\n${usage}`);
  if (unknown.length > 0) throw new Error(`there is no proof named ${unknown.join(', ')}\n${usage}`);
  return { share, seed, only: values.only };
}

try {
  if (!(await prove())) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
