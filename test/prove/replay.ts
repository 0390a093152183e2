import type { CrashPoint } from '../simulation/crashing-process.ts';
import { runKeySets } from './any-key.ts';
import { type Host, runCrashScenario, type Task } from './crash-scenario.ts';
import { runFaultPlan } from './fault-plan.ts';
import { runForeignPlan } from './foreign-plan.ts';

/**
 * Plays one case of a proof again, as its failure says: `node test/prove/replay.ts no-false-delete SEED`,
 * `any-key SEED`, or `crash-and-resume TASK HOST MOMENT:CALL …`.
 */
const [proof, ...rest] = process.argv.slice(2);
const outcome = await replay();
console.log(JSON.stringify(outcome, undefined, 2));
process.exitCode = outcome.problems.length === 0 ? 0 : 1;

async function replay(): Promise<{ readonly problems: readonly string[] }> {
  if (proof === 'no-false-delete') return runFaultPlan(Number(rest[0]));
  if (proof === 'foreign-servers') return runForeignPlan(Number(rest[0]));
  if (proof === 'any-key') return runKeySets(Number(rest[0]));
  if (proof !== 'crash-and-resume') throw new Error(`there is no proof ${proof} to replay`);
  const [task, host, ...points] = rest;
  return runCrashScenario(task as Task, host as Host, points.map(pointOf));
}

function pointOf(text: string): CrashPoint {
  const [moment, call] = text.split(':');
  return { moment: moment as CrashPoint['moment'], call: Number(call) };
}
