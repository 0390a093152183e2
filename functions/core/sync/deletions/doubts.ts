import type { RecordRow } from '../../catalogue/record.ts';
import type { PlainWrite } from '../../model/ports/table.ts';
import { amongCandidates } from '../../runs/candidates.ts';
import { listContradicted, mostContradicted, rememberContradicted } from '../../runs/contradicted-keys.ts';
import type { Past } from '../../runs/sync-state.ts';
import { writeInTurn } from '../worker/push-back.ts';
import { confirmGone, type Findings, listingContradicted } from './confirm-gone.ts';
import { liveRecordsAt } from './gone-records.ts';
import type { SettlingContext } from './settling-context.ts';

/** Which keys the listing lacks that the server does not deny, as far as this invocation asked. */
export type Doubts = {
  /** Keys of which an earlier run found so, and this one again: they are no candidates. */
  readonly standing: ReadonlySet<string>;
  readonly contradicted: Set<string>;
  readonly unclear: Set<string>;
  /** Of the other keys: for how many was asked, and how many of those contradicted the listing. */
  asked: number;
  denials: number;
};

/** So many keys are named in a warning. */
const shownKeys = 20;
const shownLength = 100;

/** Asks first for the keys that earlier runs found contradicted and this pass misses too. Throws Failure as confirmGone. */
export async function openDoubts(context: SettlingContext, past: Past): Promise<Doubts> {
  const { deps, uid, pass } = context;
  const doubts = { standing: new Set<string>(), contradicted: new Set<string>(), unclear: new Set<string>() };
  const known = past.careful && !context.run.dry_run ? await listContradicted(deps.table, uid) : [];
  const missed = known.length > 0 ? await amongCandidates(deps.table, uid, pass.id, known) : new Set<string>();
  if (missed.size === 0) return { ...doubts, asked: 0, denials: 0 };
  const records = await liveRecordsAt(context, [...missed]);
  const { gone, contradicted, unclear } = await confirmGone(context, records);
  for (const { sk } of records) if (!gone.has(sk)) doubts.standing.add(sk);
  for (const key of contradicted) doubts.contradicted.add(key);
  for (const key of unclear) doubts.unclear.add(key);
  return { ...doubts, asked: 0, denials: 0 };
}

/** Asks for the keys of these records, and returns what the bucket said. Throws Failure as confirmGone. */
export async function inquire(
  context: SettlingContext,
  doubts: Doubts,
  records: readonly RecordRow[],
): Promise<Findings> {
  const findings = await confirmGone(context, records);
  for (const key of findings.contradicted) doubts.contradicted.add(key);
  for (const key of findings.unclear) if (doubts.unclear.size < mostContradicted) doubts.unclear.add(key);
  doubts.asked += findings.asked;
  doubts.denials += findings.contradicted.length;
  return findings;
}

/**
 * Throws Failure `listing_contradicted` where odd keys are not what is wrong, but the listing: more than 1,000 keys
 * contradict it, or more than half of those asked for now. Those that stood before have had their run that failed.
 */
export async function assertOddKeysOnly(context: SettlingContext, doubts: Doubts): Promise<void> {
  const { contradicted, asked, denials } = doubts;
  if (contradicted.size <= mostContradicted && denials * 2 <= asked) return;
  await rememberDoubts(context, doubts);
  const [first = ''] = contradicted;
  const many = contradicted.size === 1 ? '' : `, and so do ${contradicted.size - 1} others`;
  throw listingContradicted(context, `the object ${named(first)} exists, yet the listing did not have it${many}`);
}

/** Keeps them for the next run, which asks for them first. */
export async function rememberDoubts(context: SettlingContext, doubts: Doubts): Promise<void> {
  const { deps, uid } = context;
  const write = (writes: readonly PlainWrite[]): Promise<void> => writeInTurn(context, writes);
  await rememberContradicted({ table: deps.table, write }, uid, keysOf(doubts), deps.clock.now());
}

/** All of them, those that surely exist first. */
export function keysOf({ contradicted, unclear }: Doubts): string[] {
  return [...contradicted, ...unclear];
}

/** A sentence for each kind. */
export function doubtWarnings({ contradicted, unclear }: Doubts): string[] {
  const warnings: string[] = [];
  if (contradicted.size > 0) {
    warnings.push(
      `the listing lacks keys that the server has; their records stay as they are, and what changes there is not seen. On some servers an object hides what is in the folder of its name: ${list(contradicted)}`,
    );
  }
  if (unclear.size > 0) {
    warnings.push(
      `the listing lacks keys of which the server does not say whether they exist; their records stay as they are: ${list(unclear)}`,
    );
  }
  return warnings;
}

function list(keys: ReadonlySet<string>): string {
  const shown = [...keys].slice(0, shownKeys).map(named).join(', ');
  return keys.size > shownKeys ? `${shown} and ${keys.size - shownKeys} more` : shown;
}

function named(key: string): string {
  return JSON.stringify(key.length > shownLength ? `${key.slice(0, shownLength)}…` : key);
}
