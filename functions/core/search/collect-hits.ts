import type { ShownFields } from './search-language.ts';
import type { SearchHit } from './search-page.ts';
import { searchRefusal } from './search-refusal.ts';
import { compileShown } from './shown-fields.ts';

/** Ours: far more than an answer may have (6 MB), which is judged where it is written, and little enough to be held. */
export const mostHeldCharacters = 16 * 1024 * 1024;

/** Gathers the hits of one page, as they are shown. */
export type HitCollector = {
  readonly hits: readonly SearchHit[];
  /** Throws Failure `invalid_request` once no answer could hold them. */
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

function tooLarge(held: number, mostCharacters: number) {
  const megabytes = Math.floor(mostCharacters / 1024 / 1024);
  const fields = 'or for fewer of their fields by _source_includes';
  return searchRefusal(
    'size',
    `the first ${held.toLocaleString('en')} hits have ${megabytes} MB already, more than an answer may: ask for fewer at once, ${fields}`,
  );
}
