import { addContent, type Content, joinSmall, type Leaf, nothing, sameContent, without } from '../../catalogue/leaf.ts';
import { type LeafPack, leafPartition, packItem, readPacks } from '../../catalogue/leaf-pack.ts';
import { compareKeys } from '../../keys/byte-order.ts';
import type { PlainWrite, Table } from '../../model/ports/table.ts';

/** Keys after `from`, up to and with `to` (absent: to the end of the range). `content` is what is stored there, where a
 *  digest tells it; otherwise the records must be read. */
export type Segment = { readonly from: string } & (
  | { readonly to: string; readonly content: Content }
  | { readonly to?: string; readonly content?: undefined }
);

/** Hands out the segments of a range in key order and takes down what is stored in each after it was merged. */
export type LeafLedger = {
  /** The next segment; undefined at the end of the range. */
  next(): Promise<Segment | undefined>;
  /** What is stored of the leaf that is being taken down, to be added to. */
  readonly open: Content;
  /** Ends the leaf that is being taken down at a key. */
  close(to: string): void;
  /** Takes what is stored up to the end of a leaf as it was. */
  keep(content: Content, to: string): void;
  /** Ends the range at the last key of its last record; then everything is ready to be written. */
  finish(last: string | undefined): void;
  /** The items to write since the last time. */
  takeWrites(): PlainWrite[];
};

export type LedgerOptions = {
  readonly table: Table;
  readonly uid: string;
  readonly range: { readonly id: string; readonly lo: string; readonly hi?: string };
  readonly fence: number;
  /** Where the merge begins; `lo` or beyond. */
  readonly position: string;
  /** False if the digests must not be believed: then the whole range is one segment to be read. */
  readonly trusted: boolean;
  /** Leaves that begin at such a place, counted in records from the start of the range, are read all the same. */
  readonly verified: (offset: number) => boolean;
  /** What is stored between two keys, read record by record. */
  readonly contentOf: (after: string, through: string) => Promise<Content>;
  /** Leaves that are new are closed at so many records; those there are may grow to twice as many. */
  readonly leafRecords: number;
};

/** Leaves to an item: some kilobytes, of which a change of one record rewrites one. */
const packLeaves = 64;

/** A pack with the gap behind it: the keys from its start to the next pack, or to the end of the range. */
type Unit = {
  from: string;
  readonly old: readonly Leaf[];
  index: number;
  built: Leaf[];
  gapTaken: boolean;
  /** Some of it was handed out to be written already. */
  begun: boolean;
};

function unitOf(from: string, pack?: LeafPack): Unit {
  return { from, old: pack?.leaves ?? [], index: 0, built: [], gapTaken: false, begun: false };
}

export function openLeafLedger(options: LedgerOptions): LeafLedger {
  return new Ledger(options);
}

class Ledger implements LeafLedger {
  readonly #options: LedgerOptions;
  readonly #pk: string;
  readonly #packs: ReturnType<typeof packsOf>;
  readonly #writes: PlainWrite[] = [];
  #unit: Unit | undefined;
  /** Where the next segment begins, by its key and counted in records from the start of the range. */
  #at: string;
  #offset = 0;
  #open = nothing();

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#pk = leafPartition(options.uid, options.range.id);
    this.#packs = packsOf(options);
    this.#at = options.position;
  }

  get open(): Content {
    return this.#open;
  }

  async next(): Promise<Segment | undefined> {
    const peeked = await this.#packs.peek();
    const unit = this.#unit;
    if (unit === undefined) return (await this.#begin(peeked)) ?? this.next();
    const segment = this.#nextLeaf(unit) ?? this.#gap(unit, peeked);
    if (segment !== undefined) return segment;
    if (peeked === undefined) return undefined;
    this.#leaveUnit();
    this.#packs.take();
    this.#unit = unitOf(peeked.from, peeked);
    return this.next();
  }

  close(to: string): void {
    const unit = this.#unit;
    if (unit === undefined || this.#open.objects === 0) return;
    unit.built.push({ to, ...this.#open });
    this.#open = nothing();
    if (unit.built.length < 2 * packLeaves) return;
    const leaves = joinSmall(unit.built, this.#options.leafRecords);
    unit.built = leaves.splice(packLeaves);
    this.#stage({ from: unit.from, leaves });
    unit.from = leaves.at(-1)?.to ?? unit.from;
    unit.begun = true;
  }

  keep(content: Content, to: string): void {
    addContent(this.#open, content);
    this.close(to);
  }

  finish(last: string | undefined): void {
    if (last !== undefined) this.close(last);
    this.#leaveUnit();
  }

  takeWrites(): PlainWrite[] {
    return this.#writes.splice(0);
  }

  async #begin(first: LeafPack | undefined): Promise<Segment | undefined> {
    const { position } = this.#options;
    if (first === undefined || compareKeys(first.from, position) > 0) {
      this.#unit = unitOf(position);
      return undefined;
    }
    this.#packs.take();
    return this.#enter(first);
  }

  /** Where a merge begins inside a leaf, the records before it are read and taken from its digest. */
  async #enter(pack: LeafPack): Promise<Segment | undefined> {
    const { position, contentOf } = this.#options;
    const unit = unitOf(pack.from, pack);
    this.#unit = unit;
    let end = pack.from;
    for (const leaf of pack.leaves) {
      if (compareKeys(leaf.to, position) > 0) break;
      unit.built.push(leaf);
      this.#pass(unit, leaf);
      end = leaf.to;
    }
    this.#at = position;
    const leaf = pack.leaves[unit.index];
    if (end === position) return undefined;
    if (leaf === undefined) {
      // What was merged between the leaves and here may be in none: the next leaf must not seem to tell of it.
      this.#unit = unitOf(position);
      return undefined;
    }
    const before = await contentOf(end, position);
    addContent(this.#open, before);
    this.#pass(unit, leaf);
    return { from: position, to: leaf.to, content: without(leaf, before) };
  }

  #pass(unit: Unit, leaf: Leaf): void {
    unit.index += 1;
    this.#offset += leaf.objects;
    this.#at = leaf.to;
  }

  #nextLeaf(unit: Unit): Segment | undefined {
    let leaf = unit.old[unit.index];
    while (leaf !== undefined && compareKeys(leaf.to, this.#at) <= 0) {
      unit.index += 1;
      leaf = unit.old[unit.index];
    }
    if (leaf === undefined) return undefined;
    // A pack that does not begin where the one before ends was not written by a merge that saw both.
    const chained = unit.index > 0 || unit.from === this.#at;
    const known = chained && !this.#options.verified(this.#offset);
    const segment = { from: this.#at, to: leaf.to, ...(known ? { content: leaf } : {}) };
    this.#pass(unit, leaf);
    return segment;
  }

  /** What lies between the last leaf of a pack and the next pack, or the end of the range. */
  #gap(unit: Unit, next: LeafPack | undefined): Segment | undefined {
    if (unit.gapTaken) return undefined;
    unit.gapTaken = true;
    const from = this.#at;
    const end = next?.from ?? this.#options.range.hi;
    if (end !== undefined && compareKeys(from, end) >= 0) return undefined;
    this.#at = end ?? from;
    return next === undefined ? { from } : { from, to: next.from };
  }

  #leaveUnit(): void {
    const unit = this.#unit;
    if (unit === undefined || isUnchanged(unit)) return;
    const leaves = joinSmall(unit.built, this.#options.leafRecords);
    if (leaves.length === 0) this.#writes.push({ delete: { pk: this.#pk, sk: unit.from } });
    for (let from = unit.from; leaves.length > 0; ) {
      const some = leaves.splice(0, leaves.length > packLeaves * 1.5 ? packLeaves : leaves.length);
      this.#stage({ from, leaves: some });
      from = some.at(-1)?.to ?? from;
    }
  }

  #stage(pack: LeafPack): void {
    this.#writes.push({ put: packItem(this.#pk, pack, this.#options.fence) });
  }
}

/** The packs from the position on, one looked at before it is taken; none where digests are not believed. */
function packsOf({ table, uid, range, position, trusted }: LedgerOptions) {
  const iterator = trusted
    ? readPacks(table, leafPartition(uid, range.id), range, position)[Symbol.asyncIterator]()
    : undefined;
  let head: IteratorResult<LeafPack> | undefined;
  return {
    async peek(): Promise<LeafPack | undefined> {
      head ??= await iterator?.next();
      return head === undefined || head.done ? undefined : head.value;
    },
    take(): void {
      head = undefined;
    },
  };
}

function isUnchanged({ old, built, begun }: Unit): boolean {
  if (begun) return built.length === 0;
  return old.length === built.length && old.every((leaf, index) => isSameLeaf(leaf, built[index]));
}

function isSameLeaf(leaf: Leaf, other: Leaf | undefined): boolean {
  return other !== undefined && leaf.to === other.to && sameContent(leaf, other);
}
