import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINES_FOLDER } from '#support/engine-paths.ts';
import { javaProblem } from '#support/java.ts';
import { NotHere } from './not-here.ts';
import { isCommandThere, runCommand } from './run-command.ts';

export type MavenJar = {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
  /** The jar that holds all that it needs. */
  readonly classifier: string;
};

export function jarPath({ artifact, version, classifier }: MavenJar): string {
  return join(ENGINES_FOLDER, `${artifact}-${version}-${classifier}.jar`);
}

/** Has Maven fetch one jar, once. */
export function fetchMavenJar(jar: MavenJar): void {
  const problem = javaProblem();
  if (problem !== undefined) throw new NotHere(problem);
  if (existsSync(jarPath(jar))) return;
  if (!isCommandThere('mvn', '--version')) throw new NotHere('there is no mvn on the PATH');
  mkdirSync(ENGINES_FOLDER, { recursive: true });
  const workplace = mkdtempSync(join(ENGINES_FOLDER, 'fetch-'));
  try {
    const { group, artifact, version, classifier } = jar;
    const repository = join(workplace, 'repository');
    const name = `${group}:${artifact}:${version}:jar:${classifier}`;
    const quietly = ['-q', '-B', `-Dmaven.repo.local=${repository}`];
    runCommand('mvn', [...quietly, 'dependency:get', `-Dartifact=${name}`, '-Dtransitive=false'], { cwd: workplace });
    const file = `${artifact}-${version}-${classifier}.jar`;
    copyFileSync(join(repository, ...group.split('.'), artifact, version, file), join(workplace, file));
    renameSync(join(workplace, file), jarPath(jar));
  } finally {
    rmSync(workplace, { recursive: true, force: true });
  }
}
