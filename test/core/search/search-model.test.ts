import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandomIds } from '#adapters/process/random-ids.ts';
import { documentId } from '#core/catalogue/document-id.ts';
import { categoryOf, extensionOf } from '#core/keys/file-name.ts';
import { searchDocuments } from '#core/search/search-documents.ts';
import { type Seed, seedCatalogue } from './seeded-catalogue.ts';

/** Few characters, so that folders and prefixes meet; some sort differently in UTF-16, some stand beside the slash. */
const text = fc
  .array(fc.constantFrom('/', '/', '.', '0', 'a', 'b.x', '\uff5e', '😀', '\u0001', '\u{10ffff}'), { maxLength: 5 })
  .map((parts) => parts.join(''));
const key = text.filter((made) => made !== '');

const seed = (id: string): fc.Arbitrary<Seed> =>
  fc
    .record({
      keys: fc.uniqueArray(key, { maxLength: 60 }),
      gone: fc.uniqueArray(key, { maxLength: 20 }),
      cuts: fc.array(key, { maxLength: 3 }),
    })
    .map(({ keys, gone, cuts }) => ({ id, keys, cuts, gone: gone.filter((one) => !keys.includes(one)) }));

/** A key from the root with its last segment cut off, as a list of folder names. */
const path = text.map((made) => made.split('/').slice(0, -1));

type Asked = {
  path?: string[];
  list?: boolean;
  category?: string;
  prefix?: string;
  extension?: string;
  descending?: boolean;
};
const conditions = {
  path,
  list: fc.boolean(),
  category: path.map((names) => `/${names.map((name) => `${name}/`).join('')}`),
  prefix: text,
  extension: fc.constant('x'),
  descending: fc.boolean(),
};
/** Mostly one condition at a time: all together hardly ever find anything. */
const asked: fc.Arbitrary<Asked> = fc.oneof(
  fc.record({ descending: conditions.descending }),
  fc.record({ path, descending: conditions.descending }),
  fc.record({ category: conditions.category, descending: conditions.descending }),
  fc.record({ prefix: text }),
  fc.record(conditions, { requiredKeys: [] }),
);

/** The same search in the plainest words: every live key, judged one by one. */
function expectedIds(seeds: readonly Seed[], search: Asked): string[] {
  const start = search.path?.map((name) => `${name}/`).join('') ?? '';
  const ids = seeds.flatMap(({ id, keys }) => {
    const inReach = keys.filter((one) => one.startsWith(search.prefix ?? '') && one.startsWith(start));
    const listed = search.path === undefined || search.list ? inReach : oneLevel(inReach, start);
    return listed
      .filter((one) => search.category === undefined || categoryOf(one) === search.category)
      .filter((one) => search.extension === undefined || extensionOf(one) === search.extension)
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map((one) => documentId(id, one));
  });
  return search.descending ? ids.reverse() : ids;
}

function oneLevel(keys: readonly string[], start: string): string[] {
  const below = keys.filter((one) => one !== start);
  return [...new Set(below.map((one) => start + (/^[^/]*\/?/.exec(one.slice(start.length))?.[0] ?? '')))];
}

function parametersOf(search: Asked): Record<string, string> {
  return {
    ...(search.path && { path: JSON.stringify(search.path) }),
    ...(search.list && { view: 'list' }),
    ...(search.category !== undefined && { category: search.category }),
    ...(search.prefix !== undefined && { prefix: search.prefix }),
    ...(search.extension !== undefined && { extension: search.extension }),
    ...(search.descending && { sort: 'metadata.key:desc' }),
  };
}

/** Descending order is read backwards only in one datasource. */
const scenario = fc
  .record({ first: seed('a'), second: fc.option(seed('b'), { nil: undefined }), search: asked })
  .map(({ first, second, search }) =>
    second === undefined || search.descending ? { seeds: [first], search } : { seeds: [first, second], search },
  );

test('given any catalogue and search, then pages by from and pages by cursor give what the model gives', async () => {
  const limits = fc.record({
    records: fc.integer({ min: 1, max: 12 }),
    items: fc.integer({ min: 1, max: 12 }),
    jumps: fc.integer({ min: 0, max: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(scenario, fc.integer({ min: 1, max: 9 }), limits, async ({ seeds, search }, size, tight) => {
      const { table, close } = await seedCatalogue(...seeds);
      try {
        const expected = expectedIds(seeds, search);
        const parameters = { ...parametersOf(search), size: String(size) };

        const byFrom: string[] = [];
        for (let from = 0; from <= expected.length; from += size) {
          const page = await searchDocuments({ table, ids: createRandomIds() }, { ...parameters, from: String(from) });
          expect(page.total).toEqual({ value: expected.length, relation: 'eq' });
          if (from + size < expected.length) expect(page.nextCursor).toBeDefined();
          byFrom.push(...page.hits.map(({ id }) => id));
        }
        expect(byFrom).toEqual(expected);

        const byCursor: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await searchDocuments(
            { table, ids: createRandomIds(), limits: tight },
            { ...parameters, cursor },
          );
          expect(page.total.value).toBeLessThanOrEqual(expected.length);
          if (page.total.relation === 'eq') expect(page.total.value).toBe(expected.length);
          expect(page.hits.length).toBeLessThanOrEqual(size);
          byCursor.push(...page.hits.map(({ id }) => id));
          cursor = page.nextCursor;
        } while (cursor !== undefined);
        expect(byCursor).toEqual(expected);
      } finally {
        close();
      }
    }),
    { numRuns: 300 },
  );
}, 60_000);
