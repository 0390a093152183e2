import * as z from 'zod';
import { auditKinds, entryView, isEntryId } from '#core/audit/audit-entry.ts';
import { readAudit } from '#core/audit/read-audit.ts';
import { parseInput } from '#core/model/parse-input.ts';
import { readCount } from '../steps/query-parameters.ts';
import type { ApiDeps } from '../table/deps.ts';
import type { Reply, RequestContext, RouteOf } from '../table/route.ts';
import type { CocoAnswer } from './answer-schemas.ts';
import { plain } from './answers.ts';

const defaultEntries = 50;

/** Of the longest entries an answer then has some 4 MB; Lambda's may have 6. */
const mostEntries = 500;

const name = z.string('must be a text').min(1, 'must not be empty').max(1500, 'must be at most 1,500 characters');

/** A day, or a moment with its zone. */
const moment = z
  .union(
    [z.iso.date(), z.iso.datetime({ offset: true })],
    'must be a day such as 2026-11-30, or a moment such as 2026-11-30T17:00:00Z',
  )
  .transform((text) => Date.parse(text));

const asked = z
  .object({
    kind: z.enum(auditKinds, `must be one of ${auditKinds.join(', ')}`).optional(),
    id: name.optional(),
    actor: name.optional(),
    from: moment.optional(),
    to: moment.optional(),
    cursor: z.string().refine(isEntryId, 'must be the next_cursor of the answer before').optional(),
  })
  .refine(({ from = 0, to = Number.POSITIVE_INFINITY }) => from < to, { path: ['to'], message: 'must be after from' });

export const auditRoutes: readonly RouteOf<'api', CocoAnswer>[] = [
  {
    method: 'GET',
    path: '/_audit',
    scope: 'manage',
    fn: 'api',
    summary: 'Who changed what, when and from which address: the newest first, 400 days back',
    answer: 'audit',
    query: [
      { name: 'size', description: `how many, ${defaultEntries} by default, at most ${mostEntries}` },
      { name: 'cursor', description: 'next_cursor of the answer before; there may be more while an answer has one' },
      { name: 'kind', description: `only changes of one kind: ${auditKinds.join(', ')}` },
      { name: 'id', description: 'only changes of what has this id' },
      { name: 'actor', description: 'only changes by this key, or by anyone, console or stocktake' },
      { name: 'from', description: 'only from this day or moment on (RFC 3339)' },
      { name: 'to', description: 'only before this day or moment' },
    ],
    handle: listed,
  },
];

async function listed({ deps, query }: RequestContext<ApiDeps>): Promise<Reply> {
  const size = readCount(query, 'size', { from: 1, to: mostEntries }) ?? defaultEntries;
  const { id: of, cursor: after, ...search } = parseInput(asked, query, 'the query string');
  const { entries, next } = await readAudit(deps, { ...search, size, of, after });
  return plain({ entries: entries.map(entryView), ...(next === undefined ? {} : { next_cursor: next }) });
}
