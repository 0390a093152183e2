import { type Acting, auditWrite, type Deed } from '../audit/audit-write.ts';
import { Failure } from '../model/errors.ts';
import type { OpenDeps } from '../registry/open-bucket.ts';
import type { RunRow, RunTrigger } from './run.ts';
import { type RunStart, startRun } from './start-run.ts';
import type { SyncDeps } from './sync-deps.ts';
import type { WorkMessage } from './work-message.ts';

/** What asking for a run takes: the API has it without the half of the vault that opens secrets. */
export type RequestDeps = Omit<SyncDeps, keyof OpenDeps | 'settings' | 'spools'>;

/**
 * Asks for a run that a worker performs as soon as it can. If one is on, answers with that one: a datasource never has
 * two. `health` and backoff are not looked at, for somebody asked. The audit tells of a run that was made, by `deed` where
 * it is more than a request. Throws Failure `not_found` or `conflict`.
 */
export async function requestRun(
  deps: RequestDeps & Acting,
  request: { datasource: string; trigger: RunTrigger; dryRun?: boolean; approves?: string },
  deed: (run: RunRow) => Deed = requested,
): Promise<{ readonly run: RunRow; readonly alreadyOn: boolean }> {
  const start: RunStart = await startRun(deps, {
    ...request,
    inProcess: false,
    alongside: (run) => [auditWrite(deps, deed(run))],
  });
  if (start.outcome === 'duplicate') throw new Error('a run without a slot cannot repeat one');
  if (start.outcome === 'busy') {
    if (start.run.dry_run === (request.dryRun ?? false)) return { run: start.run, alreadyOn: true };
    const kind = start.run.dry_run ? 'a dry run' : 'a sync';
    throw new Failure('conflict', `${kind} is on (run ${start.run.id}); wait for it to end, or cancel it`);
  }
  const { datasource, uid, id } = start.run;
  const message: WorkMessage = { type: 'run', datasource, uid, run: id };
  await deps.queue.send(message);
  return { run: start.run, alreadyOn: false };
}

function requested({ id, datasource, trigger, dry_run }: RunRow): Deed {
  return { action: 'requested', kind: 'run', id, after: { datasource, trigger, dry_run } };
}
