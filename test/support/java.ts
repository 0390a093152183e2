import { spawnSync } from 'node:child_process';

/** The oldest Java that DynamoDB Local 2 runs on. */
const OLDEST_JAVA = 17;

/** Says in words why Java cannot be used, or nothing when it can. */
export function javaProblem(): string | undefined {
  const answer = spawnSync('java', ['-version'], { encoding: 'utf8' });
  if (answer.error || answer.status !== 0)
    return `there is no java on the PATH (Java ${OLDEST_JAVA} or later is needed)`;
  const version = /version "(\d+)/.exec(answer.stderr + answer.stdout)?.[1];
  if (version !== undefined && Number(version) >= OLDEST_JAVA) return undefined;
  return `the java on the PATH is version ${version ?? 'unknown'}; ${OLDEST_JAVA} or later is needed`;
}

/** Whether it can run a source file: a JDK can, a mere runtime cannot. */
export function javaCompiles(): boolean {
  return /^jdk\.compiler/m.test(spawnSync('java', ['--list-modules'], { encoding: 'utf8' }).stdout);
}
