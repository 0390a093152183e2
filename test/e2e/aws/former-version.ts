import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { thisProject } from './synthesize.ts';

/**
 * Lays the tree of a former commit out in `folder`, with today's dependencies beside it, and returns the folder; undefined
 * where the history does not reach back so far, as in a shallow clone.
 */
export function layOut(commit: string, folder: string): string | undefined {
  const known = spawnSync('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd: thisProject });
  if (known.status !== 0) return undefined;
  mkdirSync(folder, { recursive: true });
  const archive = join(folder, 'tree.tar');
  for (const [command, ...values] of [
    ['git', 'archive', '--output', archive, commit],
    ['tar', '-xf', archive, '-C', folder],
  ] as const) {
    const answer = spawnSync(command, values, { cwd: thisProject, encoding: 'utf8' });
    if (answer.status !== 0) throw new Error(`${command} failed: ${answer.error ?? ''}${answer.stderr}`);
  }
  symlinkSync(join(thisProject, 'node_modules'), join(folder, 'node_modules'), 'junction');
  return folder;
}
