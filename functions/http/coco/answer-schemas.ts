import { anything, type JsonSchema, list, object, orNull, text, truth, whole } from '../table/json-schema.ts';

/** What goes into `run` and into the list of runs. */
const run = object(
  {
    id: text,
    datasource: text,
    status: { enum: ['queued', 'running', 'completed', 'held', 'failed', 'canceled'] },
    trigger: { enum: ['schedule', 'manual', 'api', 'reconcile'] },
    dry_run: truth,
    queued_at: text,
    started_at: text,
    completed_at: text,
    duration_ms: whole,
    counters: { type: 'object', additionalProperties: { type: 'number' } },
    ranges: object({ done: whole, total: whole }),
    percent: { type: 'number' },
    message: text,
    error: object({ code: text, message: text }),
    hold: object({ candidates: whole, share: { type: 'number' }, sample: list(text), leaving: whole }, ['leaving']),
    waiting: whole,
    contradicted: whole,
    warnings: list(text),
  },
  [
    ...['started_at', 'completed_at', 'duration_ms', 'percent', 'message', 'error', 'hold', 'waiting'],
    ...['contradicted', 'warnings'],
  ],
);

const runAccepted = object({ acknowledged: { const: true }, _id: text, result: text, run });

const quickLook = object({
  complete: truth,
  listed: whole,
  matched: whole,
  would_add: whole,
  would_modify: whole,
  unchanged: whole,
  bytes: { type: 'number' },
  sample: object({ matched: list(text), filtered_out: list(text) }),
});

const hit = object({ _index: text, _id: text, _score: { type: 'null' }, _source: anything });

const hits = object({
  total: object({ value: whole, relation: { enum: ['eq', 'gte'] } }),
  max_score: { type: 'null' },
  hits: list(hit),
});

/** Beside its count, a bucket has its `top_hits` under the names that they were asked for by. */
const bucket = {
  ...object({ key: { type: ['string', 'integer'] }, key_as_string: text, doc_count: whole }, ['key_as_string']),
  additionalProperties: object({ hits }),
};

const aggregation = object({ doc_count_error_upper_bound: whole, sum_other_doc_count: whole, buckets: list(bucket) });

/** `_shards` is there where `aggs` was asked for; `aggregations` too, where all hits could be counted. */
const search = object(
  {
    took: whole,
    timed_out: truth,
    hits,
    next_cursor: text,
    _shards: object({ total: whole, successful: whole, skipped: whole, failed: whole }),
    aggregations: { type: 'object', additionalProperties: aggregation },
  },
  ['next_cursor', '_shards', 'aggregations'],
);

const links = { icon: text, website: text, eula: text, privacy_policy: text, banner: text };

const providerInfo = object({
  name: text,
  endpoint: text,
  provider: object({ name: text, description: text, ...links }),
  version: object({ number: text }),
  updated: text,
  public: truth,
  auth_provider: object({ sso: object({ url: text }) }),
});

const purge = object(
  {
    id: text,
    status: { enum: ['waiting', 'purging', 'purged'] },
    percent: whole,
    records_left: whole,
    ranges: object({ done: whole, total: whole }),
    again_at: text,
  },
  ['again_at'],
);

const apiKey = object(
  {
    id: text,
    name: text,
    scope: { enum: ['read', 'write', 'manage'] },
    status: { enum: ['active', 'expired', 'revoked'] },
    created: text,
    created_by: text,
    expires_at: orNull(text),
    last_used: orNull(text),
    revoked_at: text,
    revoked_by: text,
  },
  ['revoked_at', 'revoked_by'],
);

/** `before` and `after` hold what differs, or the whole of what was created or deleted. */
const auditEntry = object(
  {
    entry: text,
    at: text,
    actor: object({ kind: { enum: ['key', 'anyone', 'console', 'stocktake'] }, id: text, address: text }, [
      'id',
      'address',
    ]),
    action: text,
    kind: text,
    id: text,
    number: whole,
    before: anything,
    after: anything,
    secrets: { type: 'object', additionalProperties: { enum: ['set', 'changed', 'removed'] } },
    shortened: list(text),
  },
  ['number', 'before', 'after', 'secrets', 'shortened'],
);

/** The shapes of all answers with status 200. */
export const cocoAnswers = {
  written: object({ _id: text, result: { enum: ['created', 'updated', 'deleted'] } }),
  found: object({ found: { const: true }, _id: text, _source: anything }),
  search,
  acknowledged: object({ acknowledged: { const: true } }),
  deleted: object({ acknowledged: { const: true }, not_found: list(text) }, ['not_found']),
  run_accepted: runAccepted,
  purges: object({ total: whole, purges: list(purge) }),
  audit: object({ entries: list(auditEntry), next_cursor: text }, ['next_cursor']),
  run_list: object({ runs: list(run), next: text }, ['next']),
  connection_test: object({
    success: truth,
    latency_ms: { type: ['integer', 'null'] },
    message: text,
    warnings: list(text),
    unasked: list({ enum: ['cursor', 'start-after', 'head'] }),
  }),
  iam_policy: object({
    bucket: text,
    prefix: text,
    partition: orNull(text),
    policy: anything,
    trust_policy: orNull(anything),
    json: text,
    cdk: orNull(text),
    terraform: orNull(text),
    cli: text,
    notes: list(text),
  }),
  preview: { anyOf: [quickLook, runAccepted] },
  raw_content: object({ url: text }),
  key_created: object({ _id: text, result: { const: 'created' }, key: text, _source: apiKey }),
  keys: object({ keys: list(apiKey), next: text }, ['next']),
  key_revoked: object({ acknowledged: { const: true }, _id: text, result: { const: 'revoked' } }),
  health: object({ status: { const: 'ok' } }),
  provider_info: providerInfo,
  icons: list(object({ name: text, path: text, category: text, source: { enum: ['icons', 'fonts'] } })),
} satisfies Readonly<Record<string, JsonSchema>>;

/** The shapes of what did not succeed. */
export const cocoErrors = {
  error: object({
    status: whole,
    error: object(
      { reason: text, code: text, details: list(object({ path: text, reason: text })), current: anything },
      ['code', 'details', 'current'],
    ),
    request_id: text,
  }),
  missing: object({ _id: text, found: { const: false } }),
  not_found: object({ _id: text, result: { const: 'not_found' } }),
} as const;

/** Which of these shapes a route answers with. */
export type CocoAnswer = keyof typeof cocoAnswers;
