import { expect, it } from 'vitest';
import type { Bucket } from '#core/model/ports/bucket.ts';
import type { ListingPage, ListRequest } from '#core/model/ports/listing.ts';
import { confirmGone } from '#core/sync/deletions/confirm-gone.ts';
import type { SettlingContext } from '#core/sync/deletions/settling-context.ts';

const beganAt = Date.parse('2026-03-01T00:00:00Z');
const written = { size: 1, etag: 'e', lastModified: '2026-02-01T00:00:00.000Z', storageClass: 'STANDARD' };

/** A bucket that forbids HEAD and answers listings with these pages, one after the other. */
function contextOf(answers: Partial<ListingPage>[], asked: ListRequest[] = []): SettlingContext {
  const bucket: Pick<Bucket, 'head' | 'list'> = {
    head: async () => ({ status: 'forbidden' }),
    async list(request) {
      asked.push(request);
      const about = { root: 'ListBucketResult', wellFormed: true, bucket: 'stock', prefix: request.prefix };
      const answer = answers.shift() ?? {};
      const objects = answer.objects ?? [];
      return { version: 2, ...about, keyCount: objects.length, truncated: false, ...answer, objects };
    },
  };
  const context = {
    bucket,
    config: { bucket: 'stock' },
    pass: { id: 'p', beganAt },
    progress: { clockSkew: 0, halted: false },
    tally: { controls: [] },
    held: { heartbeat: async () => ({ canceled: false, failure: undefined }) },
    deps: { clock: { now: () => beganAt } },
    deadline: Number.POSITIVE_INFINITY,
  };
  return context as unknown as SettlingContext;
}

it('a key is not gone on the strength of a page that is empty and promises more', async () => {
  const asked: ListRequest[] = [];
  const there = [{ key: 'kept', ...written }];
  const context = contextOf([{ truncated: true, nextToken: 'more' }, { objects: there }], asked);
  await expect(confirmGone(context, ['kept'])).rejects.toMatchObject({ code: 'listing_contradicted' });
  expect(asked.map(({ continuation }) => continuation)).toEqual([undefined, { version: 2, token: 'more' }]);
});

it('a key is gone when the pages come to their end without it, or to another key', async () => {
  const empty = { truncated: true, nextToken: 'more' };
  expect(await confirmGone(contextOf([empty, {}]), ['kept'])).toEqual(new Set(['kept']));
  const other = { objects: [{ key: 'kept-too', ...written }] };
  expect(await confirmGone(contextOf([empty, other]), ['kept'])).toEqual(new Set(['kept']));
});

it('a key is not gone when others begin with it: the first page tells, and no other is asked for', async () => {
  const asked: ListRequest[] = [];
  const first = { objects: [{ key: 'kept', ...written }], truncated: true, nextToken: 'more' };
  const context = contextOf([first, { objects: [{ key: 'kept-too', ...written }] }], asked);
  await expect(confirmGone(context, ['kept'])).rejects.toMatchObject({ code: 'listing_contradicted' });
  expect(asked).toHaveLength(1);
});

it('pages without a key do not go on for ever', async () => {
  const endless = Array.from({ length: 2000 }, (_, index) => ({ truncated: true, nextToken: `token-${index}` }));
  await expect(confirmGone(contextOf(endless), ['kept'])).rejects.toMatchObject({ code: 'listing_not_proved' });
});
