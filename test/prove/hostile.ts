import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startHostileServer } from '#support/hostile-server.ts';
import { type HostileCase, hostileCases } from './hostile-cases.ts';
import type { HostileReport } from './hostile-child.ts';
import type { ProofResult } from './proof-result.ts';

const LONGEST_RUN_SECONDS = 60;
const MOST_MEGABYTES = 512;

/** A child that does not end by itself is ended. */
const CHILD_MS = 120_000;

const child = fileURLToPath(new URL('hostile-child.ts', import.meta.url));
const execute = promisify(execFile);

/**
 * Proves that a hostile server costs one failed run and nothing else: each case in a process of its own, with the limits
 * of the product, while the same process syncs an honest bucket again and again.
 *
 * @param options.share 0–1: of the cases, the first so many; at least one.
 */
export async function proveHostile({ share }: { readonly share: number }): Promise<ProofResult[]> {
  const results: ProofResult[] = [];
  for (const hostile of hostileCases.slice(0, Math.max(1, Math.ceil(hostileCases.length * share)))) {
    results.push(await proveCase(hostile));
  }
  return results;
}

async function proveCase(hostile: HostileCase): Promise<ProofResult> {
  const server = await startHostileServer(hostile.hostility);
  const began = Date.now();
  const outcome = await runChild(server.endpoint);
  await server.close();
  const proved = typeof outcome !== 'string' && isProved(hostile, outcome);
  return {
    proof: `hostile: ${hostile.what}`,
    claim: `the run fails within ${LONGEST_RUN_SECONDS} s by its own message, RSS ≤ ${MOST_MEGABYTES} MB, others sync on`,
    measured: typeof outcome === 'string' ? outcome : figuresOf(outcome),
    passed: proved,
    seconds: (Date.now() - began) / 1000,
  };
}

async function runChild(endpoint: string): Promise<HostileReport | string> {
  try {
    const { stdout } = await execute(process.execPath, [child, endpoint], { timeout: CHILD_MS, killSignal: 'SIGKILL' });
    return JSON.parse(stdout);
  } catch (error) {
    return `the process did not end well: ${error instanceof Error ? error.message.slice(0, 300) : 'unknown'}`;
  }
}

function isProved({ ends }: HostileCase, outcome: HostileReport): boolean {
  const words = ends[outcome.code];
  const failed = outcome.status === 'failed' && words !== undefined && outcome.message.includes(words);
  const bounded = outcome.seconds <= LONGEST_RUN_SECONDS && outcome.peakMegabytes <= MOST_MEGABYTES;
  return failed && bounded && outcome.honestRuns > 0 && outcome.honestFailures === 0;
}

function figuresOf(outcome: HostileReport): string {
  const { status, code, seconds, peakMegabytes, honestRuns, honestFailures, slowestHonestSeconds } = outcome;
  return (
    `${status} ${code} in ${seconds.toFixed(1)} s, ${Math.round(peakMegabytes)} MB; beside it ` +
    `${honestRuns - honestFailures} of ${honestRuns} runs completed, slowest ${slowestHonestSeconds.toFixed(1)} s`
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const results = await proveHostile({ share: Number(process.argv[2] ?? 1) });
  for (const { proof, measured, passed, seconds } of results) {
    console.log(`${passed ? 'ok  ' : 'FAIL'} ${proof.padEnd(26)} ${measured} (${seconds.toFixed(1)} s)`);
  }
  if (!results.every(({ passed }) => passed)) process.exitCode = 1;
}
