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
    const refused = await bench.client.tryToFill(BUCKET, oddObjects);
    const kept = await whatIsKept(bench, new Set(refused.keys()));
    await registerBucket(bench, 'odd', BUCKET);
    const run = await runOnce(bench, 'odd', 60_000);
    const wrong = tellUncompleted(run) ?? (await tellWrongCatalogue(bench, run, kept));
    if (wrong !== undefined) return failed(wrong);
    return tellKept(kept, refused, run);
  },
};

/** Of the keys that the server took: which of them it still has, and which it also lists. */
type Kept = {
  readonly right: ReadonlySet<string>;
  readonly lost: readonly string[];
  readonly unlisted: readonly string[];
  /** Listed, but no key that was put. */
  readonly mangled: readonly string[];
};

async function whatIsKept({ server }: Bench, refused: ReadonlySet<string>): Promise<Kept> {
  const taken = oddObjects.filter(({ key }) => !refused.has(key));
  const bodies = new Map(
    (await judgeObjects(server, BUCKET, [...taken.map(({ key }) => key)])).map(({ key, body }) => [key, body] as const),
  );
  const has = taken.filter(({ key, body }) => bodies.get(key) === body).map(({ key }) => key);
  const listed = new Set((await judgeListing(server, BUCKET)).map(({ key }) => key));
  const put = new Set(oddObjects.map(({ key }) => key));
  return {
    right: new Set(has.filter((key) => listed.has(key))),
    lost: taken.filter(({ key }) => !has.includes(key)).map(({ key }) => key),
    unlisted: has.filter((key) => !listed.has(key)),
    mangled: [...listed].filter((key) => !put.has(key)),
  };
}

async function tellWrongCatalogue({ stocktake }: Bench, run: Run, kept: Kept): Promise<string | undefined> {
  const catalogue = await stocktake.catalogue('odd');
  const missing = [...kept.right].filter((key) => !catalogue.has(key));
  if (missing.length > 0) return `${missing.length} missing (${sample(missing)})`;
  const there = new Set([...kept.right, ...kept.unlisted]);
  const invented = [...catalogue.keys()].filter((key) => !there.has(key) && !kept.lost.includes(key));
  if (invented.length > 0) return `${invented.length} that no object has (${sample(invented)})`;
  const named = (run.warnings ?? []).join(' ');
  const silent = run.counters.failed === 0 && kept.mangled.length > 0;
  return silent
    ? `${kept.mangled.length} mangled keys left out in silence (${sample(kept.mangled)}) ${named}`
    : undefined;
}

function tellKept(kept: Kept, refused: ReadonlyMap<string, string>, run: Run): Cell {
  const figure = `✓ ${kept.right.size} of ${oddObjects.length}`;
  const codes = [...new Set(refused.values())].sort().join(', ');
  const notes = [
    refused.size === 0 ? [] : [`refuses ${refused.size} of the odd keys (${codes}): ${sample([...refused.keys()], 6)}`],
    kept.lost.length === 0 ? [] : [`loses or mixes up ${kept.lost.length} keys that it took: ${sample(kept.lost, 6)}`],
    kept.unlisted.length === 0
      ? []
      : [`does not list ${kept.unlisted.length} keys that it has: ${sample(kept.unlisted, 6)}`],
    kept.mangled.length === 0
      ? []
      : [
          `lists ${kept.mangled.length} keys that nobody put: ${sample(kept.mangled, 6)}; the run leaves out ${run.counters.failed} rows and says so`,
        ],
  ].flat();
  return notes.length === 0 ? passed(figure) : explained(figure, ...notes);
}
