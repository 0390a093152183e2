import type { Content } from '../../catalogue/leaf.ts';
import { describesSame, type RecordRow, recordOf, recordPartition } from '../../catalogue/record.ts';
import type { ListedObject } from '../../model/ports/listing.ts';
import type { Item } from '../../model/ports/table.ts';
import { syncGapMs } from '../../registry/sync-gap.ts';
import { candidateExpiry, candidateItem, leavingItem } from '../../runs/candidates.ts';
import type { MergeSink } from '../merge/merge-range.ts';
import { shownKeys } from '../progress/range-tally.ts';
import { assertWritable, type RangeWork } from '../progress/range-work.ts';
import { writeInTurn } from '../worker/push-back.ts';
import type { RunContext } from '../worker/run-context.ts';
import { markDirty } from './mark-dirty.ts';
import { removeOutOfScope } from './remove-out-of-scope.ts';

/** Keeps few enough writes in hand that they surely arrive within the request timeout of the lease. */
const chunk = 250;

/** Turns what a merge finds into writes and counts; a dry run only counts. */
export type RangeWriter = MergeSink & {
  /** Writes what is in hand; true if there was anything. Throws Failure `lease_lost` if another run took over, and what
   *  writeInTurn throws: then a part of it stands; `quota_exceeded`: then nothing of it does. */
  flush(): Promise<boolean>;
};

export function createRangeWriter(context: RunContext, work: RangeWork): RangeWriter {
  return new Writer(context, work);
}

class Writer implements RangeWriter {
  readonly #context: RunContext;
  readonly #work: RangeWork;
  readonly #pk: string;
  readonly #gapMs: number;
  #puts: Item[] = [];
  #leaving: RecordRow[] = [];
  #wrote = false;
  /** Of what is in hand some is new. */
  #adds = false;

  constructor(context: RunContext, work: RangeWork) {
    this.#context = context;
    this.#work = work;
    this.#pk = recordPartition(context.uid, work.range.id);
    this.#gapMs = syncGapMs(context.datasource, context.deps.clock.now()) ?? 0;
  }

  async flush(): Promise<boolean> {
    await this.#writeInHand();
    const wrote = this.#wrote;
    this.#wrote = false;
    return wrote;
  }

  async relieve(): Promise<void> {
    if (this.#puts.length >= 4 * chunk || this.#leaving.length >= chunk) await this.#writeInHand();
  }

  unchanged(content: Content): void {
    this.#work.tally.counters.unchanged += content.objects;
    this.#countStored(content.objects, content.bytes);
  }

  present(object: ListedObject, item: RecordRow | undefined): void {
    const { run, stamp } = this.#context;
    const { counters } = this.#work.tally;
    const stored = item?.gone === undefined ? item : undefined;
    if (stored !== undefined) this.#countStored(1, stored.size);
    if (stored !== undefined && describesSame(stored, object)) {
      counters[countOf(stored, run.id)] += 1;
      return;
    }
    counters[stored === undefined ? 'added' : 'modified'] += 1;
    this.#adds ||= stored === undefined;
    this.#countChange(stored === undefined ? 1 : 0, object.size - (stored?.size ?? 0));
    this.#put(recordOf(this.#pk, object, stamp, stored === undefined));
  }

  kept(item: RecordRow): boolean {
    if (item.gone !== undefined) return false;
    this.#countStored(1, item.size);
    return true;
  }

  storedOnly(item: RecordRow): boolean {
    const { run, config, matches } = this.#context;
    const { counters } = this.#work.tally;
    if (item.gone !== undefined) {
      // Taken out by an earlier invocation of this run, beyond its checkpoint.
      if (item.gone.reason === 'out_of_scope' && item.run === run.id) counters.out_of_scope += 1;
      return false;
    }
    this.#countStored(1, item.size);
    if (item.sk.startsWith(config.prefix) && matches(item.sk)) {
      this.#missing(item);
      return true;
    }
    if (!this.#scopeSeen()) {
      this.#mayLeave(item);
      return true;
    }
    counters.out_of_scope += 1;
    if (!run.dry_run) this.#leaving.push(item);
    return false;
  }

  #missing({ sk }: RecordRow): void {
    const { uid, pass } = this.#context;
    const { tally } = this.#work;
    tally.candidates += 1;
    if (tally.candidate_sample.length < shownKeys) tally.candidate_sample.push(sk);
    this.#put(candidateItem(uid, pass.id, sk, this.#expiry()));
  }

  /** A scope that nothing was seen in may be one that was mistyped: the end of the run decides. */
  #mayLeave({ sk }: RecordRow): void {
    const { uid, pass } = this.#context;
    const { tally } = this.#work;
    tally.leaving += 1;
    if (tally.leaving_sample.length < shownKeys) tally.leaving_sample.push(sk);
    this.#put(leavingItem(uid, pass.id, sk, this.#expiry()));
  }

  /** Whether this worker knows of a key in scope; what others know of more is for the end of the run. */
  #scopeSeen(): boolean {
    const { progress } = this.#context;
    progress.scopeSeen ||= this.#work.tally.counters.matched > 0;
    return progress.scopeSeen;
  }

  #expiry(): number {
    return candidateExpiry(this.#context.deps.clock.now(), this.#gapMs);
  }

  #put(item: Item): void {
    if (!this.#context.run.dry_run) this.#puts.push(item);
  }

  #countStored(objects: number, bytes: number): void {
    this.#work.tally.stored.objects += objects;
    this.#work.tally.stored.bytes += bytes;
  }

  #countChange(objects: number, bytes: number): void {
    this.#work.tally.change.objects += objects;
    this.#work.tally.change.bytes += bytes;
  }

  async #writeInHand(): Promise<void> {
    if (this.#puts.length === 0 && this.#leaving.length === 0) return;
    if (this.#adds && this.#puts.length > 0) await this.#context.quota.demandPlace(this.#context);
    this.#adds = false;
    this.#wrote = true;
    // Candidates for deletion leave what is stored as it is.
    const changes = this.#leaving.length > 0 || this.#puts.some(({ pk }) => pk === this.#pk);
    if (changes) await markDirty(this.#context, this.#work);
    const writes = this.#puts.map((put) => ({ put }));
    this.#puts = [];
    const mayWrite = (): Promise<void> => assertWritable(this.#context, this.#work);
    for (let start = 0; start < writes.length; start += chunk) {
      await writeInTurn(this.#context, writes.slice(start, start + chunk), mayWrite);
    }
    const leaving = this.#leaving;
    this.#leaving = [];
    await removeOutOfScope(this.#context, leaving, (record) => this.#countChange(-1, -record.size));
  }
}

/** What an earlier invocation of this run wrote, beyond its checkpoint, is that change still. */
function countOf(stored: RecordRow, run: string): 'unchanged' | 'added' | 'modified' {
  if (stored.run !== run) return 'unchanged';
  return stored.fresh ? 'added' : 'modified';
}
