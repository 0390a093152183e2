import type { ShownFields } from './search-language.ts';
import type { SearchHit } from './search-page.ts';
import { searchRefusal } from './search-refusal.ts';
import { compileShown } from './shown-fields.ts';

/** What Lambda takes as an answer: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const mostAnswerCharacters = 6 * 1024 * 1024;

/** Gathers the hits of one page, as they are shown. */
export type HitCollector = {
  readonly hits: readonly SearchHit[];
  /** Throws Failure `invalid_request` once no answer could hold them: no more is kept in mind than that. */
  add(source: Record<string, unknown>): void;
};

export function collectHits(shown: ShownFields | undefined, mostCharacters: number): HitCollector {
  const show = compileShown(shown);
  const hits: SearchHit[] = [];
  let characters = 0;
  return {
    hits,
    add(source) {
      const hit = { id: String(source.id), source: show(source) };
      characters += JSON.stringify(hit.source).length;
      if (characters > mostCharacters) throw tooLarge(hits.length, mostCharacters);
      hits.push(hit);
    },
  };
}

function tooLarge(fitting: number, mostCharacters: number) {
  const megabytes = Math.floor(mostCharacters / 1024 / 1024);
  return searchRefusal(
    'size',
    `the answer would have more than ${megabytes} MB, which ${fitting.toLocaleString('en')} hits fill already: ask for fewer at once and go on with cursor, or for fewer fields by _source_includes`,
  );
}
