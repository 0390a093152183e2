import { emptyRange, firstKey, type RangeRow, rangeItem, readRanges } from '../../catalogue/range-map.ts';
import { compareKeys } from '../../keys/byte-order.ts';
import { fenceCheck, leaseLost } from '../../lease/lease.ts';
import { ConditionFailed, Failure } from '../../model/errors.ts';
import type { PageEvidence } from './page-evidence.ts';
import type { RangeTally } from './range-tally.ts';
import {
  isClaimable,
  listWork,
  type RangeWork,
  saveWork,
  type WorkContext,
  type WorkRow,
  workOn,
} from './range-work.ts';

/** Opens the board of a run; the first run of a datasource makes its first range, under its fence. */
export async function openBoard(context: WorkContext, goesOn: boolean): Promise<RangeBoard> {
  const { deps, uid, pass } = context;
  // Work before ranges: what other workers do in between may then make a range look as if somebody were still at it, never
  // work look as if it were on the range as it was before, or all ranges as if they were done.
  const rows = goesOn ? await listWork(deps.table, uid, pass.id) : new Map<string, WorkRow>();
  const ranges = await readRanges(deps.table, uid);
  if (ranges.length === 0) ranges.push(await firstRange(context));
  return new RangeBoard(context, ranges, rows);
}

async function firstRange({ deps, uid, held }: WorkContext): Promise<RangeRow> {
  const range = emptyRange(deps.ids.unique().slice(0, 12), firstKey, undefined);
  try {
    const put = { put: rangeItem(uid, range), condition: { type: 'absent' } } as const;
    await deps.table.transact([put, fenceCheck(uid, held.fence)]);
  } catch (error) {
    throw error instanceof ConditionFailed ? leaseLost() : error;
  }
  return range;
}

/** What one worker knows of the ranges of its run. */
export class RangeBoard {
  readonly #context: WorkContext;
  #ranges: Map<string, RangeRow>;
  #rows: Map<string, WorkRow>;
  readonly #works = new Map<string, RangeWork>();
  #waiting: RangeRow[];
  /** Ranges that no stream of this worker is at any more. */
  readonly #finished = new Set<string>();
  #listeners: (() => void)[] = [];
  /** Records there were before this invocation. */
  readonly expected: number;
  /** Streams that have nothing to do, of this worker and of those that could be called. */
  idle = 0;
  /** This worker is stopped: nobody waits for anything any more. */
  halted = false;

  constructor(context: WorkContext, ranges: readonly RangeRow[], rows: Map<string, WorkRow>) {
    this.#context = context;
    this.#ranges = new Map(ranges.map((range) => [range.id, range]));
    this.#rows = rows;
    this.#waiting = this.#claimable();
    this.expected = ranges.reduce((sum, range) => sum + range.objects, 0);
  }

  /** Several ranges, so each worker says in the store what it is at; a lone range belongs to whoever holds the run. */
  get shared(): boolean {
    return this.#ranges.size > 1;
  }

  /** The range map as this worker knows it, in key order. */
  ranges(): RangeRow[] {
    const known = [...this.#ranges.values()].map((range) => this.#works.get(range.id)?.range ?? range);
    return known.sort((one, other) => compareKeys(one.lo, other.lo));
  }

  /** A range that this worker made and works on. */
  add(work: RangeWork): void {
    this.#ranges.set(work.range.id, work.range);
    this.#works.set(work.range.id, work);
  }

  /** A range that this worker made for whoever takes it. */
  offer(range: RangeRow): void {
    this.#ranges.set(range.id, range);
    this.#waiting.push(range);
    this.tell();
  }

  /** To be called when a stream of this worker has come to the end of a range. */
  finished({ id }: RangeRow): void {
    this.#finished.add(id);
    this.tell();
  }

  /** To be called when a first page came, or the worker is stopped. */
  tell(): void {
    for (const tell of this.#listeners.splice(0)) tell();
  }

  /** Resolves when the next range is offered. */
  offered(): Promise<void> {
    return new Promise((resolve) => this.#listeners.push(resolve));
  }

  /** Where a range begins, counted in the records of the ranges before it. */
  offsetOf(range: RangeRow): number {
    let offset = 0;
    for (const other of this.#ranges.values()) if (compareKeys(other.lo, range.lo) < 0) offset += other.objects;
    return offset;
  }

  /** How many ranges nobody is at, as far as this worker knows. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** True if another range would find somebody to take it. */
  get wanted(): boolean {
    return this.idle > this.#waiting.length;
  }

  /** The range that begins where this one ends, if that is not the last. */
  rangeAfter({ hi }: RangeRow): RangeRow | undefined {
    return hi === undefined ? undefined : this.ranges().find(({ lo }) => lo === hi);
  }

  /** What is known of the work on a range: this worker's own, or what was stored last. */
  progressOf({ id }: RangeRow): RangeWork | WorkRow | undefined {
    return this.#works.get(id) ?? this.#rows.get(id);
  }

  /** The first page of a range that this worker is at, once it came; `none` if there is none to come. Undefined when the
   *  worker is stopped. */
  openingOf(range: RangeRow): Promise<PageEvidence | 'none' | undefined> {
    return this.#once(() => {
      const progress = this.progressOf(range);
      const isComing = this.#works.has(range.id) && progress?.position === undefined && !progress?.done;
      return progress?.opening ?? (isComing ? undefined : 'none');
    });
  }

  /** Begins a range of this worker's anew, once the stream that is at it has come to its end. Undefined when the worker is
   *  stopped. */
  async again(range: RangeRow): Promise<RangeWork | undefined> {
    const isAtRest = (): boolean => !this.#works.has(range.id) || this.#finished.delete(range.id);
    const old = await this.#once(() => (isAtRest() ? this.progressOf(range) : undefined));
    if (old === undefined) return undefined;
    const current = this.#works.get(range.id)?.range ?? range;
    const work = workOn(current, undefined, this.#context.deps.clock.now());
    // What was noted before is dropped, and the digests are not believed.
    Object.assign(work, { begun: true, suspect: true, version: old.version });
    await saveWork(this.#context, work, 'claimed');
    this.#works.set(range.id, work);
    return work;
  }

  async #once<T>(look: () => T | undefined): Promise<T | undefined> {
    for (;;) {
      const found = look();
      if (found !== undefined || this.halted) return found;
      await this.offered();
    }
  }

  /** Takes a range that nobody is at, if there is one: this one, or the first. */
  async claim(wanted?: RangeRow): Promise<RangeWork | undefined> {
    if (wanted !== undefined) {
      const place = this.#waiting.findIndex(({ id }) => id === wanted.id);
      const [range] = place < 0 ? [] : this.#waiting.splice(place, 1);
      return range === undefined ? undefined : this.#claimOne(range);
    }
    for (let range = this.#waiting.shift(); range !== undefined; range = this.#waiting.shift()) {
      const work = await this.#claimOne(range);
      if (work !== undefined) return work;
    }
    return undefined;
  }

  async #claimOne(range: RangeRow): Promise<RangeWork | undefined> {
    const work = workOn(range, this.#rows.get(range.id), this.#context.deps.clock.now());
    if (this.#context.distrust) work.suspect = true;
    // Known before it is stored: who looks for its first page meanwhile waits for that.
    this.#works.set(range.id, work);
    if (await this.#take(work)) return work;
    this.#works.delete(range.id);
    this.tell();
    return undefined;
  }

  /** Looks again at what other workers did and left. */
  async refresh(): Promise<void> {
    const { deps, uid, pass } = this.#context;
    // In the order of openBoard, for the same reason.
    this.#rows = await listWork(deps.table, uid, pass.id);
    const ranges = await readRanges(deps.table, uid);
    this.#ranges = new Map(ranges.map((range) => [range.id, range]));
    this.#waiting = this.#claimable();
  }

  /** Tallies in key order: this worker's own, and of others what they stored last. */
  tallies(): RangeTally[] {
    return this.ranges().flatMap(({ id }) => this.#works.get(id)?.tally ?? this.#rows.get(id)?.tally ?? []);
  }

  /** The same, with what others stored as it stands in these rows. */
  talliesWith(rows: ReadonlyMap<string, WorkRow>): RangeTally[] {
    const ids = new Set([...rows.keys(), ...this.#works.keys()]);
    return [...ids].flatMap((id) => this.#works.get(id)?.tally ?? rows.get(id)?.tally ?? []);
  }

  get done(): number {
    return [...this.#ranges.keys()].filter((id) => this.#works.get(id)?.done ?? this.#rows.get(id)?.done).length;
  }

  get total(): number {
    return this.#ranges.size;
  }

  /** Work of this worker that nothing is stored of. */
  unsaved(): RangeWork[] {
    return [...this.#works.values()].filter((work) => work.version === 0);
  }

  #claimable(): RangeRow[] {
    const context = this.#context;
    return [...this.#ranges.values()].filter(
      ({ id }) => !this.#works.has(id) && isClaimable(context, this.#rows.get(id)),
    );
  }

  /** A lone range needs no claim: the lease of the run is one. False if another worker was faster. */
  async #take(work: RangeWork): Promise<boolean> {
    if (!this.shared && work.version === 0) return true;
    try {
      await saveWork(this.#context, work, 'claimed');
      return true;
    } catch (error) {
      if (error instanceof Failure && error.code === 'lease_lost') return false;
      throw error;
    }
  }
}
