import { Failure } from '#core/model/errors.ts';
import type { Demand } from '#core/model/row-tag.ts';
import type { Reply, RequestContext } from '../table/route.ts';

/** A resource as its GET shows it, with its tag. */
export type Shown = { readonly state: Readonly<Record<string, unknown>>; readonly tag: string };

/** A change whose condition did not hold. `current` is what stands there, undefined where nothing does. */
export class ConditionNotMet extends Failure {
  readonly current: Shown | undefined;

  constructor(cause: Failure, current: Shown | undefined) {
    super('precondition_failed', cause.message, { cause });
    this.name = 'ConditionNotMet';
    this.current = current;
  }
}

/** The header that tells a tag. */
export function etagHeader(tag: string): Readonly<Record<'etag', string>> {
  return { etag: `"${tag}"` };
}

type Asked = Pick<RequestContext<unknown>, 'header'>;

/**
 * Performs a change under the request's If-Match; where that does not hold, throws ConditionNotMet with what `show` finds
 * there by now. `version` is the tag that a body names, a condition as well. Throws Failure `invalid_request` for an
 * If-Match that is none.
 */
export async function underIfMatch(
  { header }: Asked,
  act: (demand: Demand | undefined) => Promise<Reply>,
  show: () => Promise<Shown>,
  version?: string,
): Promise<Reply> {
  const given = header('if-match');
  const demands = [
    ...(given === undefined ? [] : [readIfMatch(given)]),
    ...(version === undefined ? [] : [is(version)]),
  ];
  try {
    return await act(demands.length === 0 ? undefined : (tag) => demands.every((demand) => demand(tag)));
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'precondition_failed') throw error;
    throw new ConditionNotMet(error, await show().catch(absent));
  }
}

function absent(error: unknown): undefined {
  if (!(error instanceof Failure) || error.code !== 'not_found') throw error;
}

function is(version: string): Demand {
  return (tag) => tag === version;
}

/** What a header can hold is bounded by the hosts; nobody knows a row by more tags than a few. */
const mostTags = 100;

// https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3. No class repeats inside another.
const nextTag = /[ \t]*(?:W\/)?"([\x21\x23-\x7e\x80-\uffff]*)"[ \t]*(?:,|$)|[ \t]*,/y;

/**
 * `*`, or tags of which one must be the row's. A weak one, `W/"…"`, is as good as ours: whoever compresses an answer on its
 * way makes a strong tag weak, for its bytes are others then; but this tag tells of what a client may set and of no bytes.
 */
export function readIfMatch(header: string): Demand {
  const given = header.trim();
  if (given === '*') return () => true;
  const tags = new Set<string>();
  nextTag.lastIndex = 0;
  while (nextTag.lastIndex < given.length) {
    const [whole, tag] = nextTag.exec(given) ?? [];
    if (whole === undefined || tags.size > mostTags) throw malformed();
    if (tag !== undefined) tags.add(tag);
  }
  if (tags.size === 0) throw malformed();
  return (tag) => tags.has(tag);
}

function malformed(): Failure {
  const reason = `must be * or the ETag of a row as it was shown, in double quotes, or up to ${mostTags} of them joined by commas`;
  return new Failure('invalid_request', `the header If-Match ${reason}`, { details: [{ path: 'If-Match', reason }] });
}
