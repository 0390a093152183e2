import * as z from 'zod';

export const runStatus = z.enum(['queued', 'running', 'completed', 'held', 'failed', 'canceled']);

export const runTrigger = z.enum(['schedule', 'manual', 'api', 'reconcile']);
export type RunTrigger = z.output<typeof runTrigger>;

/** What a run counted. `listed` objects came from the bucket, `matched` of them passed the filters; `bytes` is the
 *  size of the matched ones. */
export const runCounters = z.object({
  pages: z.number().int(),
  listed: z.number().int(),
  matched: z.number().int(),
  added: z.number().int(),
  modified: z.number().int(),
  deleted: z.number().int(),
  unchanged: z.number().int(),
  out_of_scope: z.number().int(),
  failed: z.number().int(),
  bytes: z.number(),
});
export type RunCounters = z.output<typeof runCounters>;

/** What a hold shows to whoever decides: how many records would go, their share of the catalogue, some of their keys.
 *  `leaving` would be taken out of a scope in which the listing had no key. */
const hold = z.object({
  candidates: z.number().int(),
  share: z.number(),
  sample: z.array(z.string()),
  leaving: z.number().int().optional(),
});

/** What is known of an inbox, a datasource whose bucket may be emptied (`sync.expect_empty`). */
export const inboxState = z.object({
  /** What told its bucket from others of the name, when it was last as it should be; `created` in epoch milliseconds. */
  bucket: z.object({ created: z.number().optional(), region: z.string().optional() }),
  /** The bucket is another one since: until somebody approves, or it is filled again, deletions are held. */
  changed: z.boolean().optional(),
  /** The first complete pass that missed what is gone, and when that began, epoch milliseconds. */
  absent: z.object({ pass: z.string(), at: z.number() }).optional(),
});
export type InboxState = z.output<typeof inboxState>;

/** What another invocation needs to go on with a run; how far it is in each range stands beside the ranges
 *  (ranges/range-work.ts). `expected` records there were when it began; `clock_skew` is the bucket's clock minus ours. */
export const runCheckpoint = z.object({
  fingerprint: z.string(),
  expected: z.number().int(),
  clock_skew: z.number().optional(),
});

/**
 * How a pass lists the bucket: `ranges`, several listings side by side, each from a key on; `sequence`, one listing of
 * the whole scope by the server's own cursor; `spool`, the same for servers that list in no order of ours.
 */
export type Way = 'ranges' | z.output<typeof slowWay>['kind'];

/** A way that a server made necessary, and why, in words for a person. `remember`: the next runs begin so too. */
const slowWay = z.object({ kind: z.enum(['sequence', 'spool']), why: z.string(), remember: z.boolean() });

/** A run at rest. `fence` is that of its lease; `approves` names the held run whose deletions it applies. */
export const runRow = z.object({
  v: z.literal(1),
  version: z.number().int(),
  fence: z.number().int(),
  id: z.string(),
  datasource: z.string(),
  uid: z.string(),
  status: runStatus,
  trigger: runTrigger,
  dry_run: z.boolean(),
  first_load: z.boolean(),
  scheduled_at: z.string().optional(),
  queued_at: z.string(),
  started_at: z.string().optional(),
  completed_at: z.string().optional(),
  fingerprint: z.string().optional(),
  counters: runCounters,
  ranges: z.object({ done: z.number().int(), total: z.number().int() }),
  percent: z.number().optional(),
  message: z.string().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  /** What somebody should know of a run that ended well, a sentence each. */
  warnings: z.array(z.string()).optional(),
  hold: hold.optional(),
  /** Records that the listing lacked, and that go when the next complete one lacks them too: too many to ask for each. */
  waiting: z.number().int().optional(),
  /** Keys that the listing lacked and the server did not deny; their records stay. */
  contradicted: z.number().int().optional(),
  inbox: inboxState.optional(),
  approves: z.string().optional(),
  approved_by: z.string().optional(),
  checkpoint: runCheckpoint.optional(),
  /** The pass over the bucket that this run is part of, where an earlier run began it and ran out of time, and the scope
   *  of that. */
  pass: z
    .object({ id: z.string(), began_at: z.string(), fingerprint: z.string().optional(), way: slowWay.optional() })
    .optional(),
  /** How the bucket is listed, where the server made another way than `ranges` necessary. */
  way: slowWay.optional(),
  /** How often this run began its pass anew in another way: work and candidates of each stand apart. */
  generation: z.number().int().optional(),
  /** How often the run was taken up again since it last got anywhere. */
  resumed: z.number().int().optional(),
  /** Since when the table has taken nothing of it, epoch milliseconds; absent where it takes what it is given. */
  stuck_since: z.number().optional(),
  /** When it last got anywhere, as far as who holds it knows, epoch milliseconds. */
  progressed_at: z.number().optional(),
  ttl: z.number().int().optional(),
});
export type RunRow = z.output<typeof runRow>;

export const zeroCounters: RunCounters = {
  pages: 0,
  listed: 0,
  matched: 0,
  added: 0,
  modified: 0,
  deleted: 0,
  unchanged: 0,
  out_of_scope: 0,
  failed: 0,
  bytes: 0,
};

/** What work and deletion candidates of a run hang on. */
export function passIdOf(run: Pick<RunRow, 'id' | 'pass' | 'generation'>): string {
  const pass = run.pass?.id ?? run.id;
  return run.generation === undefined ? pass : `${pass}~${run.generation}`;
}

/** True once nothing more will happen to a run. */
export function isEnded(run: Pick<RunRow, 'status'>): boolean {
  return run.status !== 'queued' && run.status !== 'running';
}

/** What the API shows of a run. */
export function runView(run: RunRow): Record<string, unknown> {
  const { v: _v, version: _version, fence: _fence, uid: _uid, ttl: _ttl, fingerprint: _fingerprint, ...rest } = run;
  const {
    checkpoint: _checkpoint,
    resumed: _resumed,
    inbox: _inbox,
    way: _way,
    generation: _generation,
    stuck_since: _stuckSince,
    progressed_at: _progressedAt,
    ...all
  } = rest;
  const { pass, ...told } = all;
  const shown = pass === undefined ? told : { ...told, continues: pass.id };
  const { started_at: start, completed_at: end } = run;
  if (start === undefined || end === undefined) return shown;
  return { ...shown, duration_ms: Date.parse(end) - Date.parse(start) };
}

/** One sentence for a person: how the run ended and what to do about it, if anything. */
export function describeRun(run: RunRow): string {
  const { added, modified, deleted, unchanged, out_of_scope: left } = run.counters;
  const changes = `${added} added, ${modified} modified, ${deleted} deleted, ${unchanged} unchanged`;
  const all = left > 0 ? `${changes}, ${left} no longer in scope` : changes;
  if (run.status === 'held' && run.hold) return `${all}. ${describeHold(run, run.hold)}`;
  if (run.status === 'failed') return run.error?.message ?? 'failed';
  if (run.status === 'canceled') return `canceled: ${all}; nothing else was touched`;
  const told = [all, ...remarksOn(run)].join('. ');
  return run.dry_run ? `dry run, nothing was written: ${told}` : told;
}

function describeHold(run: RunRow, { candidates, share, leaving = 0 }: NonNullable<RunRow['hold']>): string {
  const approve = `POST /datasource/${run.datasource}/_runs/${run.id}/_approve`;
  const percent = Math.round(share * 1000) / 10;
  if (leaving === 0) {
    return `${candidates} records (${percent} %) are missing from the listing: nothing was deleted. If that is right, approve it: ${approve}`;
  }
  const missing = candidates > 0 ? `, ${candidates} more are missing from the listing` : '';
  return `Not one listed key is in the scope (prefix and filters), which ${leaving} records of the catalogue would leave${missing}: nothing was removed. Correct the prefix or the filters; if they are right, approve it: ${approve} takes these records out of the catalogue, and nothing out of the bucket`;
}

function remarksOn({ waiting, contradicted = 0, inbox, warnings = [] }: RunRow): string[] {
  const remarks: string[] = [];
  if (waiting !== undefined) remarks.push(inbox?.absent === undefined ? waitingIn(waiting) : waitingInInbox(waiting));
  if (contradicted > 0) {
    remarks.push(`${contradicted} keys are missing from the listing and not from the server: see warnings`);
  }
  const [first, ...others] = contradicted > 0 ? [] : warnings;
  if (first !== undefined)
    remarks.push(others.length === 0 ? first : `${first} (and ${others.length} more, see warnings)`);
  return remarks;
}

function waitingInInbox(count: number): string {
  return `${count} records are missing from the listing, as expect_empty says they may: those that a complete sync misses too, an interval later or more, are asked for and deleted`;
}

function waitingIn(count: number): string {
  return `${count} records are missing from the listing, too many to ask for each: those that the next complete sync misses too are deleted`;
}
