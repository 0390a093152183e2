import * as z from 'zod';
import type { BusEvent } from '../model/ports/event-bus.ts';
import { runCounters, runTrigger } from '../runs/run.ts';
import type { WebhookEvent } from './webhook.ts';

/**
 * Which events on the bus webhooks are told of, and as what. A held run deleted nothing and waits for somebody: as
 * `sync.failed` with the status `held`, whoever listens for trouble hears of it.
 */
const eventOf: Readonly<Record<string, WebhookEvent>> = {
  'Sync Completed': 'sync.completed',
  'Sync Failed': 'sync.failed',
  'Sync Held': 'sync.failed',
  'job.completed': 'job.completed',
  'job.failed': 'job.failed',
};

/** How a run or a job ended; `fields` are what a webhook's body tells of it. */
export type Outcome = {
  readonly event: WebhookEvent;
  readonly eventId: string;
  readonly time: string;
  /** The datasource of a run, by its id. */
  readonly datasource?: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

const runDetail = z.object({
  id: z.string(),
  datasource: z.string(),
  status: z.enum(['completed', 'failed', 'held']),
  trigger: runTrigger,
  counters: runCounters,
  message: z.string().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  hold: z.object({ candidates: z.number(), share: z.number() }).optional(),
});

const jobDetail = z.object({
  job_id: z.union([z.number().int(), z.string()]),
  status: z.string(),
  document_id: z.string().nullish(),
  filename: z.string().nullish(),
  key: z.string().nullish(),
  failure_code: z.string().nullish(),
  failure_reason: z.string().nullish(),
});

/** True for the events that webhooks are told of. */
export function isForWebhooks({ type }: BusEvent): boolean {
  return Object.hasOwn(eventOf, type);
}

/** What webhooks are told of an event on the bus; undefined for those they are not. Throws ZodError for what no event of
 *  its type has. */
export function outcomeOf(event: BusEvent): Outcome | undefined {
  const name = isForWebhooks(event) ? eventOf[event.type] : undefined;
  if (name === undefined) return undefined;
  const common = { event: name, eventId: event.id, time: event.time };
  if (name.startsWith('job.')) return { ...common, fields: jobDetail.parse(event.detail) };
  const { id, datasource, ...told } = runDetail.parse(event.detail);
  return { ...common, datasource, fields: { run_id: id, datasource, ...told } };
}
