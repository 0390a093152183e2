import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { createRandomSource } from '../simulation/random-source.ts';
import type { ProofResult } from './proof-result.ts';

/** What of the mutants the tests must notice. */
const LEAST_KILLED = 0.9;

/** Lines that are taken, or left out, together where only a share is asked for. */
const CHUNK_LINES = 12;

const root = fileURLToPath(new URL('../../', import.meta.url));
const config: { mutate: string[]; jsonReporter: { fileName: string } } = JSON.parse(read('stryker.conf.json'));

type Mutant = {
  readonly status: string;
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly location: { readonly start: { readonly line: number } };
};
type Report = { readonly files: Readonly<Record<string, { readonly mutants: readonly Mutant[] }>> };

/**
 * Proves that the tests bite: changes the code of page proof, merge, leaves, ranges, lease, holds and deletions in one
 * place at a time, and counts how often no test notices. Which survive, and why, stands in docs/mutation-survivors.md.
 *
 * @param options.share 0–1: of the lines of each file, so many are changed, those that the seed picks.
 */
export async function proveMutations(options: {
  readonly share: number;
  readonly seed: number;
}): Promise<ProofResult[]> {
  const began = Date.now();
  const code = await runStryker(placesOf(options));
  const report: Report | undefined = code === 0 ? JSON.parse(read(config.jsonReporter.fileName)) : undefined;
  const files = Object.entries(report?.files ?? {}).map(([file, { mutants }]) => ({ file, ...countOf(mutants) }));
  for (const { file, ...count } of files) console.log(`${inWords(count)}  ${file}`);
  const all = { noticed: sum(files.map(({ noticed }) => noticed)), total: sum(files.map(({ total }) => total)) };
  const score = all.total === 0 ? 0 : all.noticed / all.total;
  const least = leastOf(options.share, all.total);
  const found = `${inWords(all)} mutants noticed, seed ${options.seed}, share ${options.share}`;
  return [
    {
      proof: 'tests that bite',
      claim: `at least ${percentOf(least)} % of the mutants of ${config.mutate.length} files are noticed`,
      measured: report === undefined ? `the mutation run ended with code ${code}` : found,
      passed: score >= least,
      seconds: Math.round((Date.now() - began) / 1000),
    },
  ];
}

/** A share has its luck: two standard deviations of it, where nine in ten of all are noticed. */
function leastOf(share: number, mutants: number): number {
  if (share >= 1 || mutants === 0) return LEAST_KILLED;
  return LEAST_KILLED - 2 * Math.sqrt((LEAST_KILLED * (1 - LEAST_KILLED)) / mutants);
}

type Count = { readonly noticed: number; readonly total: number };

function countOf(mutants: readonly Mutant[]): Count {
  const counted = mutants.filter(counts);
  const noticed = counted.filter(({ status }) => status === 'Killed' || status === 'Timeout');
  return { noticed: noticed.length, total: counted.length };
}

function inWords({ noticed, total }: Count): string {
  return `${noticed} of ${total} (${percentOf(total === 0 ? 1 : noticed / total)} %)`;
}

function percentOf(part: number): number {
  return Math.round(part * 1000) / 10;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** A mutant that does not even run says nothing of the tests. */
function counts({ status }: Mutant): boolean {
  return ['Killed', 'Timeout', 'Survived', 'NoCoverage'].includes(status);
}

/** Whole files, or some of their lines. */
function placesOf({ share, seed }: { readonly share: number; readonly seed: number }): string[] {
  if (share >= 1) return config.mutate;
  const random = createRandomSource(seed);
  const chunks = config.mutate.flatMap(chunksOf);
  const chosen = chunks.filter(() => random.chance(share));
  return chosen.length > 0 ? chosen : [random.pick(chunks)];
}

function chunksOf(file: string): string[] {
  const lines = read(file).split('\n').length;
  const chunks = Math.ceil((lines - 1) / CHUNK_LINES);
  return Array.from({ length: chunks }, (_, index) => {
    const from = index * CHUNK_LINES + 1;
    return `${file}:${from}-${Math.min(lines, from + CHUNK_LINES - 1)}`;
  });
}

function read(file: string): string {
  return readFileSync(new URL(file, `file://${root}`), 'utf8');
}

function runStryker(places: readonly string[]): Promise<number> {
  const cli = fileURLToPath(new URL('node_modules/@stryker-mutator/core/bin/stryker.js', `file://${root}`));
  const env = { ...process.env, SEEDS: '3', NO_COLOR: '1' };
  const child = spawn(process.execPath, [cli, 'run', '--mutate', places.join(',')], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? -1));
  });
}

if (import.meta.main) {
  const [share = '1', seed = '1'] = argv.slice(2);
  for (const result of await proveMutations({ share: Number(share), seed: Number(seed) })) console.log(result);
}
