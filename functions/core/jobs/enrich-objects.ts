import { Failure } from '../model/errors.ts';
import type { EnrichmentSteps } from '../registry/enrichment-pipeline.ts';
import { openBucket } from '../registry/open-bucket.ts';
import { readScope } from '../registry/read-scope.ts';
import { eachAtOnce } from './at-once.ts';
import { enrichRecord } from './enrich-record.ts';
import { gatherDetails } from './gather-details.ts';
import type { EnrichMessage } from './job-message.ts';
import type { JobDeps } from './perform-jobs.ts';
import { mayPass, nextDelay } from './source-patience.ts';

/** As for jobs: kind to a small server. */
const keysAtOnce = 8;

/**
 * Gathers what a datasource's pipeline asks for of objects that were added or modified, and puts it on their records.
 * Objects that are gone, refused or changed again are left as they are: the next change brings the next message. What
 * the source does not answer is asked again with growing delays, then left. Throws on defects. Safe to repeat.
 */
export async function enrichObjects(deps: JobDeps, message: EnrichMessage): Promise<void> {
  const { datasource, uid, keys } = message;
  const counts = { enriched: 0, left: 0 };
  let later: readonly string[] = [];
  try {
    const { row, config } = await readScope(deps.table, datasource);
    if (row.uid !== uid || row.enrichment_pipeline === undefined) return;
    const bucket = await openBucket(deps, config);
    try {
      later = await enrichAll({ ...deps, bucket, counts }, message, row.enrichment_pipeline);
    } finally {
      bucket.close();
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (!mayPass(error)) {
      deps.log.warn('objects not enriched', { datasource, keys: keys.length, code: error.code, reason: error.message });
      return;
    }
    later = keys;
  }
  deps.log.info('objects enriched', { datasource, ...counts, later: later.length });
  if (later.length > 0) await tryLater(deps, message, later);
}

async function enrichAll(
  deps: JobDeps & { readonly bucket: Parameters<typeof gatherDetails>[0]['bucket'] } & {
    readonly counts: { enriched: number; left: number };
  },
  { uid, keys }: EnrichMessage,
  steps: EnrichmentSteps,
): Promise<string[]> {
  const later: string[] = [];
  await eachAtOnce(keys, keysAtOnce, async (key) => {
    try {
      const gathered = await gatherDetails(deps, key, steps);
      const outcome =
        gathered.status === 'gathered' &&
        (await enrichRecord(deps.table, uid, key, gathered.object?.etag, gathered.details));
      deps.counts[outcome === 'updated' ? 'enriched' : 'left'] += 1;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (mayPass(error)) later.push(key);
      else deps.counts.left += 1;
    }
  });
  return later;
}

async function tryLater(deps: JobDeps, message: EnrichMessage, keys: readonly string[]): Promise<void> {
  const tries = message.tries + 1;
  const delaySeconds = nextDelay(tries);
  if (delaySeconds === undefined) {
    deps.log.warn('objects not enriched', { datasource: message.datasource, keys: keys.length, code: 'source_failed' });
    return;
  }
  const again: EnrichMessage = { ...message, keys: [...keys], tries };
  await deps.jobs.send(again, { delaySeconds });
}
