import * as z from 'zod';
import type { Key } from '../model/ports/table.ts';

/** What a client may change, and what it may order. */
export const auditKinds = ['connector', 'datasource', 'webhook', 'key', 'run', 'document', 'jobs'] as const;
export type AuditKind = (typeof auditKinds)[number];

/** What became of it. A run is requested, canceled or approved, a key revoked, jobs are submitted. */
const auditActions = [
  ...(['created', 'updated', 'deleted', 'revoked'] as const),
  ...(['requested', 'canceled', 'approved', 'submitted'] as const),
] as const;
export type AuditAction = (typeof auditActions)[number];

const fields = z.record(z.string(), z.unknown());

/**
 * One change at rest: who made it, when, from where, and what it was. `of` is the id of what was changed. `before` and
 * `after` hold what differs, null where a field was not there; of what was created or deleted they hold the whole, and
 * then the other one is absent. `secrets` tells which were set, changed or removed, never what they are. `shortened` names
 * the fields that were too long to be kept whole.
 */
export const auditEntry = z.object({
  v: z.literal(1),
  sk: z.string(),
  /** RFC 3339. */
  at: z.string(),
  actor: z.object({
    kind: z.enum(['key', 'anyone', 'console', 'stocktake']),
    id: z.string().optional(),
    address: z.string().optional(),
  }),
  action: z.enum(auditActions),
  kind: z.enum(auditKinds),
  of: z.string(),
  number: z.number().int().optional(),
  before: fields.optional(),
  after: fields.optional(),
  secrets: z.record(z.string(), z.enum(['set', 'changed', 'removed'])).optional(),
  shortened: z.array(z.string()).optional(),
  ttl: z.number().int(),
});
export type AuditEntry = z.output<typeof auditEntry>;

/** The issue's: a year, and the month in which somebody looks at it. */
export const keepEntriesMs = 400 * 86_400_000;

/** Digits of the time and of the version, base 36: enough until the year 5188. */
const digits = 9;

/** The partition of the month that a moment lies in; `at` in epoch milliseconds. */
export function auditPartition(at: number): string {
  return `audit#${new Date(at).toISOString().slice(0, 7)}`;
}

/** What the ids of all entries begin with that were made at a moment, epoch milliseconds. */
export function entryTime(at: number): string {
  return at.toString(36).padStart(digits, '0');
}

/** When an entry was made, by its id. */
export function entryMadeAt(id: string): number {
  return Number.parseInt(id.slice(0, digits), 36);
}

/** True if a text has the form of an entry's id. */
export function isEntryId(text: string): boolean {
  return /^[0-9a-z]{19,100}$/.test(text);
}

/**
 * Where an entry stands: sorted by time, then by the version that the change gave to its row, so that the changes of one
 * row within a millisecond keep their order.
 */
export function entryPlace(at: number, version: number, unique: string): Key {
  return { pk: auditPartition(at), sk: `${entryTime(at)}${version.toString(36).padStart(digits, '0')}${unique}` };
}

/** What the API shows of an entry. */
export function entryView({ v: _v, ttl: _ttl, sk, of, ...shown }: AuditEntry): Record<string, unknown> {
  const { at, actor, action, kind, ...rest } = shown;
  return { entry: sk, at, actor, action, kind, id: of, ...rest };
}
