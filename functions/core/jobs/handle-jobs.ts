import { enrichObjects } from './enrich-objects.ts';
import { jobMessage } from './job-message.ts';
import { type JobDeps, performJobs } from './perform-jobs.ts';

/** Handles one message of the jobs queue. Any of them may come twice. Throws on what should be tried again. */
export async function handleJobs(deps: JobDeps, body: unknown): Promise<void> {
  const message = jobMessage.parse(body);
  if (message.type === 'jobs') await performJobs(deps, message.first);
  else await enrichObjects(deps, message);
}
