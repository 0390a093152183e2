import { jobFailureCode, recordOutcome } from '#core/jobs/job.ts';
import { anything, type JsonSchema, list, object, orNull, text, truth, whole } from '../table/json-schema.ts';

/** What a successful answer carries as `data`, in its envelope. */
function enveloped(data: JsonSchema, status: 'success' | 'accepted' = 'success'): JsonSchema {
  return object({ status: { const: status }, data, error: { type: 'null' } });
}

/** A page of a list. */
function page(items: JsonSchema, more: Readonly<Record<string, JsonSchema>> = {}): JsonSchema {
  const counted = { items: list(items), total: whole, page: whole, page_size: whole };
  return enveloped(object({ ...counted, ...more }, Object.keys(more)));
}

const time = orNull({ type: 'string', format: 'date-time' });

const settings = {
  bucket: text,
  expected_bucket_owner: text,
  endpoint: text,
  region: text,
  use_ssl: truth,
  path_style: truth,
  list_version: { enum: ['auto', 1, 2] },
  prefix: text,
  extensions: list(text),
  include: list(text),
  exclude: list(text),
  role_arn: text,
  external_id: text,
};

const connector = object({
  id: whole,
  name: text,
  type: { const: 's3' },
  active: truth,
  last_tested_at: time,
  last_used_at: time,
  created_at: time,
  config: object(settings, Object.keys(settings)),
  version: text,
});

const schedule = object({
  id: whole,
  connector_id: whole,
  name: text,
  cron_expression: orNull(text),
  timezone: orNull(text),
  interval: orNull(text),
  prefix_filter: text,
  prefix: text,
  is_active: truth,
  enabled: truth,
  last_run_at: time,
  next_run_at: time,
  created_at: time,
  version: text,
});

const syncLog = object({
  id: text,
  schedule_id: whole,
  started_at: time,
  completed_at: time,
  files_found: whole,
  files_new: whole,
  files_modified: whole,
  files_deleted: whole,
  files_skipped: whole,
  files_failed: whole,
  files_processed: whole,
  status: { enum: ['running', 'completed', 'failed'] },
  error_message: orNull(text),
  error: orNull(text),
});

const document = object({
  id: text,
  filename: text,
  file_ext: orNull(text),
  status: text,
  storage_path: text,
  created_at: time,
  processing_count: whole,
});

const webhook = {
  id: whole,
  url: text,
  events: list(text),
  idle_events: list(text),
  active: truth,
  created_at: time,
  switched_off: orNull(text),
  failures: whole,
  version: text,
  last_delivery: orNull(
    object(
      {
        id: text,
        event: text,
        status: { enum: ['delivered', 'retrying', 'failed'] },
        attempts: whole,
        http_status: whole,
        problem: text,
        at: time,
      },
      ['http_status', 'problem'],
    ),
  ),
};

const status = { enum: ['queued', 'running', 'completed', 'failed'] };

const job = object({
  job_id: whole,
  status,
  filename: text,
  key: text,
  failure_reason: orNull(text),
  failure_code: orNull({ enum: jobFailureCode.options }),
  document_id: orNull(text),
  record: orNull({ enum: recordOutcome.options }),
  execution_summary: object({ execution_id: orNull(whole), degraded: truth, failure_reason: orNull(text) }),
  error: orNull(text),
  created_at: time,
  completed_at: time,
});

const processing = object({
  accepted: whole,
  rejected: list(object({ filename: text, key: text, error: text })),
  jobs: list(object({ filename: text, key: text, job_id: whole, status, document_id: orNull(text) })),
  job_ids: list(whole),
});

/** An answer that says where to ask how it goes on. */
function withPoll(answer: JsonSchema): JsonSchema {
  const { properties } = answer;
  return object({ ...(properties as Readonly<Record<string, JsonSchema>>), meta: object({ poll: orNull(text) }) });
}

const usage = object({
  plan: text,
  usage: object({ credits: object({ used: whole, limit: orNull(whole), remaining: orNull(whole) }) }),
  trial: object({ is_trial: truth, trial_ends_at: time, trial_days_remaining: orNull(whole) }),
});

const rateLimits = object({
  plan: text,
  unlimited: truth,
  limit: orNull(whole),
  used: whole,
  remaining: orNull(whole),
  window_seconds: whole,
  reset_in_seconds: whole,
});

const refused = object({
  status: { const: 'error' },
  data: { type: 'null' },
  error: object({ code: text, message: text, details: list(object({ path: text, reason: text })), current: anything }, [
    'details',
    'current',
  ]),
});

/** The shapes of all answers of the routes under /v1 that succeed. */
export const flexorchAnswers = {
  v1_connector: enveloped(connector),
  v1_connectors: page(connector),
  v1_connection_test: enveloped(object({ success: truth, latency_ms: orNull(whole), message: text })),
  v1_schedule: enveloped(schedule),
  v1_schedules: enveloped(list(schedule)),
  v1_deleted: enveloped(object({ deleted: { const: true } })),
  v1_sync_started: enveloped(syncLog, 'accepted'),
  v1_sync_logs: enveloped(list(syncLog)),
  v1_document: enveloped(document),
  v1_documents: page(document, {
    order: { enum: ['newest', 'key'] },
    total_relation: { const: 'gte' },
    next_cursor: text,
  }),
  v1_webhook_created: enveloped(object({ ...webhook, secret: text, warnings: list(text) }, ['secret', 'warnings'])),
  v1_webhooks: page(object(webhook)),
  v1_processing: withPoll(enveloped(processing, 'accepted')),
  v1_job: enveloped(job),
  v1_jobs: page(job),
  v1_usage: enveloped(usage),
  v1_rate_limits: enveloped(rateLimits),
  v1_not_supported: refused,
} satisfies Readonly<Record<string, JsonSchema>>;

/** The shape of what did not succeed. */
export const flexorchErrors = {
  v1_error: refused,
} as const;

/** Which of these shapes a route answers with. */
export type FlexorchAnswer = keyof typeof flexorchAnswers;
