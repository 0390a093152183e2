import { Failure } from '../../model/errors.ts';
import type { Bucket, HeadResult } from '../../model/ports/bucket.ts';
import type { ListedObject } from '../../model/ports/listing.ts';
import { askPage, type ProvenStep } from '../../source/page-proof.ts';
import { checkpoint } from '../worker/run-context.ts';
import type { SettlingContext } from './settling-context.ts';

/** So many questions to the bucket are under way at once. */
const parallel = 8;

/** HEAD tells times in whole seconds, and clocks are told apart by a Date header that does too. */
const clockToleranceMs = 2000;

type Answer = 'gone' | 'appeared';

/**
 * Asks the bucket about each key that the listing lacked and returns those that are gone. A key that was written after
 * the pass began is not gone and is left to the next run. Throws Failure `listing_contradicted` if a key is there that
 * the listing should have had, or if the bucket denies a key that the listing did have: then nothing may be deleted.
 */
export async function confirmGone(context: SettlingContext, keys: readonly string[]): Promise<Set<string>> {
  const gone = new Set<string>();
  for (let start = 0; start < keys.length; start += parallel) {
    if (start % (parallel * 8) === 0) await checkpoint(context);
    const asked = keys.slice(start, start + parallel);
    const answers = await Promise.all(asked.map((key) => ask(context, key)));
    for (const [index, key] of asked.entries()) if (answers[index] === 'gone') gone.add(key);
  }
  await askControls(context);
  return gone;
}

async function ask(context: SettlingContext, key: string): Promise<Answer> {
  const head = await look(context, key);
  if (head.status === 'missing') return 'gone';
  const beganAt = context.pass.beganAt + (context.progress.clockSkew ?? 0);
  if (head.lastModified >= beganAt - clockToleranceMs) return 'appeared';
  throw contradicted(`the object ${JSON.stringify(key)} exists, yet the listing did not have it`);
}

/** A bucket that says "missing" about everything would confirm any deletion: it must know a key that it listed. One of
 *  the controls may really have been deleted since, both hardly. */
async function askControls(context: SettlingContext): Promise<void> {
  const controls = [...new Set(context.tally.controls)].reverse();
  if (controls.length === 0) return;
  for (const key of controls) if ((await look(context, key)).status === 'found') return;
  throw contradicted(`the object ${JSON.stringify(controls[0])} was listed, yet the server says that it is missing`);
}

type Known = Exclude<HeadResult, { status: 'forbidden' }>;

/** HEAD where it is allowed; where it is not, a listing with the key as prefix, whose first key would be this one. */
async function look(context: SettlingContext, key: string): Promise<Known> {
  const head = await context.bucket.head(key);
  if (head.status !== 'forbidden') return head;
  return lookInListing(context.bucket, context.config.bucket, key);
}

async function lookInListing(bucket: Bucket, name: string, key: string): Promise<Known> {
  const asked = { bucket: name, prefix: key, maxKeys: 1 };
  let first: ListedObject | undefined;
  let next: ProvenStep | undefined;
  do {
    const proven = await askPage(bucket, { ...asked, previous: next });
    [first] = proven.objects;
    next = proven.next;
    // A page without a key that promises more says nothing of the key yet.
  } while (first === undefined && next !== undefined);
  if (first === undefined || first.key !== key) return { status: 'missing' };
  return { status: 'found', lastModified: Date.parse(first.lastModified), size: first.size, etag: first.etag };
}

function contradicted(seen: string): Failure {
  return new Failure(
    'listing_contradicted',
    `${seen}. The listing of this server cannot be relied on now; nothing was deleted. Try again later, or set list_version to 1`,
  );
}
