import { utf8Length } from '../../keys/byte-order.ts';
import { listCandidates } from '../../runs/candidates.ts';
import { assertOddKeysOnly, type Doubts, inquire } from './doubts.ts';
import { liveRecordsAt } from './gone-records.ts';
import { inChunks } from './in-chunks.ts';
import type { SettlingContext } from './settling-context.ts';

/** What a listing did not have so long ago is asked for key by key before it is deleted. */
const freshForMs = 900_000;

/** S3's limit of a key, bytes. */
const longestKey = 1024;

/** Candidates are looked through in batches of this many. */
const chunk = 1000;

/**
 * True if a sample is not enough to delete more than can be asked for one by one. The sample is asked for in any case:
 * Throws Failure if it contradicts the listing, before anything was deleted. `careful`: one of the last runs found a key
 * that its listing lacked.
 */
export async function mustAskEach(context: SettlingContext, doubts: Doubts, careful: boolean): Promise<boolean> {
  const sample = await liveRecordsAt(context, await spreadSample(context, doubts));
  const { gone } = await inquire(context, doubts, sample);
  await assertOddKeysOnly(context, doubts);
  return (
    careful ||
    gone.size < sample.length ||
    isForgiven(context) ||
    isOld(context) ||
    // Where nothing was listed at all, there is no control that would show a server that lies.
    context.tally.counters.listed === 0 ||
    (await anyIsHidden(context, doubts))
  );
}

/** What a server was forgiven, and a row that could not be read, may be what hides a key. */
function isForgiven({ tally }: SettlingContext): boolean {
  return tally.tolerances.length > 0 || tally.counters.failed > 0;
}

/** The older an absence is, the likelier it is that something was written again: after 15 minutes, or when the run waited
 *  for another invocation. */
function isOld({ deps, run, pass }: SettlingContext): boolean {
  const age = deps.clock.now() - pass.beganAt;
  // Below zero the clock was set back: nobody knows how old.
  return age > freshForMs || age < 0 || run.checkpoint !== undefined || run.pass !== undefined;
}

/** Keys at even distances over all candidates. */
async function spreadSample(context: SettlingContext, { standing }: Doubts): Promise<string[]> {
  const { tally, deps, uid, pass } = context;
  const step = Math.max(1, Math.floor((tally.candidates - standing.size) / deps.settings.confirmSample));
  const sample: string[] = [];
  let index = 0;
  for await (const key of listCandidates(deps.table, uid, pass.id)) {
    if (standing.has(key)) continue;
    if (index % step === 0 && sample.length < deps.settings.confirmSample) sample.push(key);
    index += 1;
  }
  return sample;
}

/** True if an object stands where a candidate has a folder, or under a name that looks the same: on some servers it hides
 *  the other from the listing, and few such keys among many are not in a sample. */
async function anyIsHidden(context: SettlingContext, { standing }: Doubts): Promise<boolean> {
  const { deps, uid, pass } = context;
  for await (const keys of inChunks(listCandidates(deps.table, uid, pass.id), chunk, standing)) {
    const hiders = [...new Set(keys.flatMap((key) => [...foldersOf(key), ...otherForms(key)]))];
    for (let start = 0; start < hiders.length; start += chunk) {
      if ((await liveRecordsAt(context, hiders.slice(start, start + chunk))).length > 0) return true;
    }
  }
  return false;
}

/** The same text in the other ways in which Unicode writes it. */
function otherForms(key: string): string[] {
  return [key.normalize('NFC'), key.normalize('NFD')].filter((form) => form !== key && utf8Length(form) <= longestKey);
}

/** The folders that a key is in, without the slash at their end. */
function foldersOf(key: string): string[] {
  const folders: string[] = [];
  for (let end = key.indexOf('/', 1); end > 0; end = key.indexOf('/', end + 1)) folders.push(key.slice(0, end));
  return folders;
}
