import type { CloudApi, CloudRun } from './cloud-api.ts';
import { until } from './until.ts';

/** Milliseconds: what one step through a stream, a queue or a cold function may take on a busy machine. */
export const STEP = 180_000;

/** Waits for a run's end, as the API tells it. */
export function ended(api: CloudApi, datasource: string, id: string): Promise<CloudRun> {
  return until(`run ${id} of ${datasource} has ended`, STEP, async () => {
    const run = (await api.runs(datasource)).find((each) => each.id === id);
    return run?.status === 'queued' || run?.status === 'running' ? undefined : run;
  });
}

/** Syncs by hand; where a run is on, waits for that one. */
export async function syncNow(api: CloudApi, datasource: string): Promise<CloudRun> {
  const { _id: run } = (await api.call('POST', `/datasource/${datasource}/_sync`)) as { _id: string };
  return ended(api, datasource, run);
}

/** The run that a new schedule begins by itself. */
export function firstRun(api: CloudApi, datasource: string): Promise<CloudRun> {
  return until(`the first tick of ${datasource} has had its run`, STEP, async () => {
    return (await api.runs(datasource)).find(({ status }) => status !== 'queued' && status !== 'running');
  });
}
