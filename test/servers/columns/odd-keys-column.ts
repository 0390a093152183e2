import { THE_SERVER_ENDS } from '../bucket-client.ts';
import { type Bench, type Cell, type Column, explained, failed, passed } from '../column.ts';
import { sample } from '../exactness.ts';
import { judgeListing, judgeObjects } from '../judge.ts';
import { oddObjects } from '../odd-keys.ts';
import { registerBucket, runOnce, tellUncompleted } from '../run-once.ts';
import type { Run } from '../stocktake-user.ts';

const BUCKET = 'matrix-odd';

export const oddKeysColumn: Column = {
  name: 'odd keys',
  what: `${oddObjects.length} keys that servers stumble over: what the server keeps and lists is catalogued, and nothing else`,
  withinMs: 180_000,
  async run(bench) {
    await bench.client.createBucket(BUCKET);
    const refused = await fillOneByOne(bench);
    await registerBucket(bench, 'odd', BUCKET);
    const unreadable = await takeUnreadableAway(bench);
    if (unreadable.wrong !== undefined) return failed(unreadable.wrong);
    const kept = await whatIsKept(bench, new Set([...refused.keys(), ...unreadable.keys]));
    const run = await runOnce(bench, 'odd', 60_000);
    const wrong =
      tellUncompleted(run) ?? (await tellWrongCatalogue(bench, run, kept)) ?? (await tellWrongScopes(bench, kept));
    return wrong === undefined ? tellKept(kept, refused, run, unreadable.keys) : failed(wrong);
  },
};

/**
 * Some servers write control characters into their XML as they are, which is none then: boto3 can list nothing. What
 * Stocktake makes of it may be a failure, but no key that is not there; after that the bucket goes on without those.
 */
async function takeUnreadableAway(
  bench: Bench,
): Promise<{ readonly keys: readonly string[]; readonly wrong?: string }> {
  const isReadable = await judgeListing(bench.server, BUCKET).then(
    () => true,
    () => false,
  );
  if (isReadable) return { keys: [] };
  await runOnce(bench, 'odd', 60_000);
  const catalogued = [...(await bench.stocktake.catalogue('odd')).keys()];
  const answers = await judgeObjects(bench.server, BUCKET, catalogued);
  const invented = answers.filter(({ error }) => error !== undefined).map(({ key }) => key);
  const keys = oddObjects.map(({ key }) => key).filter((key) => hasControlCharacter(key));
  await bench.client.remove(BUCKET, keys);
  return invented.length === 0
    ? { keys }
    : { keys, wrong: `${invented.length} that no object has (${sample(invented)})` };
}

/** Those that XML cannot hold: all below a blank but tab, line feed and carriage return. */
function hasControlCharacter(key: string): boolean {
  return [...key].some((character) => character < ' ' && !'\t\n\r'.includes(character));
}

/** Which keys the server refuses, ends at, or can no longer list the bucket with; the bucket is left without those. */
async function fillOneByOne({ server, client }: Bench): Promise<Map<string, string>> {
  const refused = new Map<string, string>();
  for (const object of oddObjects) {
    const code = (await client.tryToFill(BUCKET, [object])).get(object.key) ?? (await client.listingFault(BUCKET));
    if (code === undefined) continue;
    if (code === THE_SERVER_ENDS) await server.restart?.();
    const isStillListed = (await client.listingFault(BUCKET)) === undefined;
    if (!isStillListed) await client.remove(BUCKET, [object.key]);
    refused.set(object.key, isStillListed ? code : 'it can list nothing any more with it');
  }
  return refused;
}

/** Of the keys that the server took: which of them it still has, and which it also lists. */
type Kept = {
  readonly right: ReadonlySet<string>;
  readonly lost: readonly string[];
  readonly unlisted: readonly string[];
  /** Whether the listing comes in the order of S3: by UTF-8 bytes. */
  readonly isOrdered: boolean;
  /** Listed and there, but under another key than was put. */
  readonly renamed: readonly string[];
  /** Listed, although they were refused when they were put. */
  readonly ghosts: readonly string[];
  /** Listed, but no object has such a key. */
  readonly mangled: readonly string[];
};

async function whatIsKept({ server }: Bench, gone: ReadonlySet<string>): Promise<Kept> {
  const taken = oddObjects.filter(({ key }) => !gone.has(key));
  const bodies = new Map(
    (
      await judgeObjects(
        server,
        BUCKET,
        taken.map(({ key }) => key),
      )
    ).map(({ key, body }) => [key, body] as const),
  );
  const has = taken.filter(({ key, body }) => bodies.get(key) === body).map(({ key }) => key);
  const listing = (await judgeListing(server, BUCKET)).map(({ key }) => key);
  const listed = new Set(listing);
  const put = new Set(oddObjects.map(({ key }) => key));
  const foreign = await judgeObjects(
    server,
    BUCKET,
    [...listed].filter((key) => !put.has(key)),
  );
  return {
    right: new Set(has.filter((key) => listed.has(key))),
    isOrdered: listing.every((key, index) => index === 0 || byBytes(listing[index - 1] ?? '', key) <= 0),
    renamed: foreign.filter(({ error }) => error === undefined).map(({ key }) => key),
    lost: taken.filter(({ key }) => !has.includes(key)).map(({ key }) => key),
    unlisted: has.filter((key) => !listed.has(key)),
    ghosts: [...gone].filter((key) => listed.has(key)),
    mangled: foreign.filter(({ error }) => error !== undefined).map(({ key }) => key),
  };
}

function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

async function tellWrongCatalogue({ stocktake }: Bench, run: Run, kept: Kept): Promise<string | undefined> {
  const catalogue = await stocktake.catalogue('odd');
  const missing = [...kept.right, ...kept.renamed].filter((key) => !catalogue.has(key));
  if (missing.length > 0) return `${missing.length} missing (${sample(missing)})`;
  const there = new Set([...kept.right, ...kept.renamed, ...kept.unlisted, ...kept.ghosts]);
  const invented = [...catalogue.keys()].filter((key) => !there.has(key) && !kept.lost.includes(key));
  if (invented.length > 0) return `${invented.length} that no object has (${sample(invented)})`;
  // A key of control characters is what such a mangled one was.
  const leftOut = kept.unlisted.filter((key) => !catalogue.has(key) && [...key].some((character) => character < ' '));
  const isSilent = run.counters.failed === 0 && kept.mangled.length > 0 && leftOut.length > 0;
  return isSilent ? `${leftOut.length} left out in silence (${sample(leftOut)})` : undefined;
}

/** The same bucket by prefixes that read otherwise once they are encoded, and by version 1 in small pages. */
const scopes: readonly {
  readonly id: string;
  readonly config: { readonly prefix?: string; readonly list_version?: 1 };
}[] = [
  { id: 'odd-plus', config: { prefix: 'a+b/' } },
  { id: 'odd-percent', config: { prefix: '100% & more/' } },
  { id: 'odd-time', config: { prefix: 'run=2024-01-01T00:00:00+00:00/' } },
  { id: 'odd-version-1', config: { list_version: 1 } },
];

async function tellWrongScopes(bench: Bench, kept: Kept): Promise<string | undefined> {
  for (const { id, config } of scopes) {
    await registerBucket(bench, id, BUCKET, { config, sync: { page_size: 10 } });
    const run = await runOnce(bench, id, 60_000);
    // Version 1 goes on from a key, which leads nowhere where there is no order: a run that says so is right.
    if (config.list_version === 1 && !kept.isOrdered && run.error?.code === 'listing_not_proved') continue;
    const wrong = tellUncompleted(run);
    if (wrong !== undefined) return `${JSON.stringify(config)}: ${wrong}`;
    const catalogue = await bench.stocktake.catalogue(id);
    const missing = [...kept.right].filter((key) => key.startsWith(config.prefix ?? '') && !catalogue.has(key));
    if (missing.length > 0) return `${JSON.stringify(config)}: ${missing.length} missing (${sample(missing)})`;
  }
  return undefined;
}

function tellKept(kept: Kept, refused: ReadonlyMap<string, string>, run: Run, unreadable: readonly string[]): Cell {
  const figure = `✓ ${kept.right.size} of ${oddObjects.length}`;
  const codes = [...new Set(refused.values())].sort().join(', ');
  const notes = [
    refused.size === 0 ? [] : [`refuses ${refused.size} of the odd keys (${codes}): ${sample([...refused.keys()], 6)}`],
    kept.isOrdered
      ? []
      : ['lists in no order of S3; version 1, asked for by `list_version: 1`, is refused where it has no cursor'],
    unreadable.length === 0
      ? []
      : [`writes no XML once it lists ${sample(unreadable, 6)}: boto3 cannot read it, and the rest was driven without`],
    kept.lost.length === 0 ? [] : [`loses or mixes up ${kept.lost.length} keys that it took: ${sample(kept.lost, 6)}`],
    kept.renamed.length === 0
      ? []
      : [`keeps ${kept.renamed.length} keys under another name: ${sample(kept.renamed, 6)}`],
    kept.unlisted.length === 0
      ? []
      : [`does not list ${kept.unlisted.length} keys that it has: ${sample(kept.unlisted, 6)}`],
    kept.mangled.length === 0
      ? []
      : [
          `lists ${kept.mangled.length} keys that nobody put: ${sample(kept.mangled, 6)}${run.counters.failed === 0 ? '' : `; the run leaves out ${run.counters.failed} rows and says so`}`,
        ],
  ].flat();
  return notes.length === 0 ? passed(figure) : explained(figure, ...notes);
}
