import { syncGapMs } from '../../registry/sync-gap.ts';
import type { InboxState } from '../../runs/run.ts';
import type { Past } from '../../runs/sync-state.ts';
import type { SettlingContext } from './settling-context.ts';

/** Between two complete runs that miss the same, where nothing is scheduled that would say how long. */
const gapByHandMs = 3_600_000;

/** The bucket's clock is told by a Date header, in whole seconds. */
const clockToleranceMs = 2000;

/** What is to be done about an inbox in which more is missing than a run deletes unasked. */
export type InboxVerdict =
  /** Somebody must decide, for this reason. */
  | { readonly kind: 'hold'; readonly reason: string; readonly inbox: InboxState }
  /** Too early: another run must miss it too. */
  | { readonly kind: 'wait'; readonly inbox: InboxState }
  /** What this earlier pass missed too may be asked for; `inbox` is what is known if nothing else is missing. */
  | { readonly kind: 'ask'; readonly pass: string; readonly inbox: InboxState };

/**
 * What tells the bucket of an inbox, as it is now; undefined for any other datasource, and where it does not answer.
 * Throws Failure of the source.
 */
export async function lookAtInbox(
  context: SettlingContext,
  past: Past,
): Promise<{ readonly bucket: InboxState['bucket'] | undefined } | undefined> {
  const { datasource, bucket, run } = context;
  if (datasource.sync.expect_empty !== true || run.dry_run) return undefined;
  const { status, ...told } = await bucket.identify();
  // What the server told once, and does not now, is still so.
  return { bucket: status === 'found' ? { ...past.inbox?.bucket, ...told } : undefined };
}

/** Decides by what was known of the bucket when it was last as it should be. */
export function judgeInbox(
  context: SettlingContext,
  past: Past,
  bucket: InboxState['bucket'] | undefined,
): InboxVerdict {
  const { pass, datasource, deps } = context;
  const before = { bucket: past.inbox?.bucket ?? {} };
  if (bucket === undefined) {
    const { changed } = past.inbox ?? {};
    const reason = 'the server does not answer to a HEAD of the bucket, which would show that it is the one it was';
    return { kind: 'hold', reason, inbox: { ...before, ...(changed ? { changed } : {}) } };
  }
  if (past.inbox?.changed === true || isAnother(past, bucket, context.progress.clockSkew ?? 0)) {
    const reason = 'the bucket was deleted and made anew, or another took its name';
    return { kind: 'hold', reason, inbox: { ...before, changed: true } };
  }
  const first = past.inbox?.absent ?? { pass: pass.id, at: pass.beganAt };
  const gapMs = syncGapMs(datasource, deps.clock.now()) ?? gapByHandMs;
  if (pass.beganAt < first.at + gapMs) return { kind: 'wait', inbox: { bucket, absent: first } };
  return { kind: 'ask', pass: first.pass, inbox: { bucket } };
}

/** Where nothing was known of it before, a bucket that is younger than the last complete run is another one. */
function isAnother({ inbox, completeAt }: Past, now: InboxState['bucket'], clockSkew: number): boolean {
  const before = inbox?.bucket ?? {};
  if (before.region !== undefined && now.region !== before.region) return true;
  if (before.created !== undefined) return now.created !== before.created;
  return (
    now.created !== undefined && completeAt !== undefined && now.created > completeAt + clockSkew + clockToleranceMs
  );
}
