import { type RunRow, runView } from '#core/runs/run.ts';
import type { SearchPage } from '#core/search/search-page.ts';
import type { Reply } from '../table/route.ts';

/** Coco's clients take nothing but 200 for success. */
function ok(body: unknown): Reply {
  return { status: 200, body };
}

export function written(id: string, result: 'created' | 'updated' | 'deleted'): Reply {
  return ok({ _id: id, result });
}

export function found(id: string, source: Record<string, unknown>): Reply {
  return ok({ found: true, _id: id, _source: source });
}

export function acknowledged(): Reply {
  return ok({ acknowledged: true });
}

/** A run that was asked for, or the one that is on already: `result` says how it stands. */
export function runAccepted(run: RunRow, result: string = run.status): Reply {
  return ok({ acknowledged: true, _id: run.id, result, run: runView(run) });
}

/** Any other object, as it is. */
export function plain(body: object): Reply {
  return ok(body);
}

/** The one shape of every search. `took` in milliseconds. */
export function searchAnswer(index: string, page: SearchPage, took: number): Reply {
  const hits = page.hits.map(({ id, source }) => ({ _index: index, _id: id, _score: null, _source: source }));
  return ok({
    took,
    timed_out: false,
    hits: { total: page.total, max_score: null, hits },
    ...(page.nextCursor === undefined ? {} : { next_cursor: page.nextCursor }),
  });
}
