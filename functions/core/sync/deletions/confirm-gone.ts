import { Failure } from '../../model/errors.ts';
import { checkpoint } from '../worker/run-context.ts';
import { lookForKey, type Sight } from './look-for-key.ts';
import type { SettlingContext } from './settling-context.ts';
import { type AskedRecord, isToldByFolder } from './told-by-folder.ts';

/** So many questions to the bucket are under way at once. */
const parallel = 8;

/** HEAD tells times in whole seconds, and clocks are told apart by a Date header that does too. */
const clockToleranceMs = 2000;

/**
 * What the bucket said of keys that the listing lacked. `contradicted` are there, as they were before the pass began:
 * the listing should have had them. Of `unclear` ones it is not known. All others that are not gone were written since.
 */
export type Findings = {
  readonly gone: ReadonlySet<string>;
  readonly contradicted: readonly string[];
  readonly unclear: readonly string[];
  /** Keys that were asked for, the control that answered among them. */
  readonly asked: number;
};

type Verdict = 'gone' | 'appeared' | 'contradicted' | 'unclear';

/**
 * Asks the bucket about the key of each record that the listing lacked, and about one that it had as a control. Throws
 * Failure `listing_contradicted` if the bucket denies all keys that the listing did have: then it would confirm any
 * deletion, and none may be believed.
 */
export async function confirmGone(context: SettlingContext, records: readonly AskedRecord[]): Promise<Findings> {
  const found: Record<Verdict, string[]> = { gone: [], appeared: [], contradicted: [], unclear: [] };
  for (let start = 0; start < records.length; start += parallel) {
    if (start % (parallel * 8) === 0) await checkpoint(context);
    const asked = records.slice(start, start + parallel);
    const verdicts = await Promise.all(asked.map((record) => ask(context, record)));
    for (const [index, verdict] of verdicts.entries()) found[verdict].push(asked[index]?.sk ?? '');
  }
  const controls = await askControls(context);
  const { gone, contradicted, unclear } = found;
  return { gone: new Set(gone), contradicted, unclear, asked: records.length + controls };
}

async function ask(context: SettlingContext, record: AskedRecord): Promise<Verdict> {
  const sight = await lookOnce(context, record.sk);
  if (sight.status !== 'found') return sight.status === 'missing' ? 'gone' : 'unclear';
  if (sight.head !== undefined && (await isToldByFolder(context, record, sight.head))) return 'gone';
  const beganAt = context.pass.beganAt + (context.progress.clockSkew ?? 0);
  return sight.lastModified >= beganAt - clockToleranceMs ? 'appeared' : 'contradicted';
}

/** An answer to one key that is no S3 server's does not stop the others: the control shows whether all are so. */
async function lookOnce(context: SettlingContext, key: string): Promise<Sight> {
  try {
    return await lookForKey(context, key);
  } catch (error) {
    if (error instanceof Failure && error.code === 'not_an_s3_answer') return { status: 'unclear' };
    throw error;
  }
}

/** A bucket that says "missing" about everything would confirm any deletion: it must know a key that it listed. One of
 *  the controls may really have been deleted since, both hardly. Returns how many there were to ask: one, or none. */
async function askControls(context: SettlingContext): Promise<number> {
  const controls = [...new Set(context.tally.controls)].reverse();
  if (controls.length === 0) return 0;
  for (const key of controls) if ((await lookForKey(context, key)).status === 'found') return 1;
  throw listingContradicted(
    context,
    `the object ${JSON.stringify(controls[0])} was listed, yet the server says that it is missing`,
  );
}

/** The end of a run whose listing cannot be relied on; `seen` says why. */
export function listingContradicted({ tally }: SettlingContext, seen: string): Failure {
  const deleted =
    tally.removed === 0
      ? 'nothing was deleted'
      : `${tally.removed} records were deleted before, each of a key that the server denied by itself`;
  return new Failure(
    'listing_contradicted',
    `${seen}. The listing of this server cannot be relied on now; ${deleted}. Try again later, or set list_version to 1`,
  );
}
