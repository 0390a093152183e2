import { type JsonSchema, list, object, orNull, text, truth, whole } from '../json-schema.ts';

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

const connector = object({
  id: whole,
  name: text,
  type: { const: 's3' },
  active: truth,
  last_tested_at: time,
  last_used_at: time,
  created_at: time,
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

/** The shapes of all answers of the routes under /v1 that succeed. */
export const flexorchAnswers = {
  v1_nothing: {},
  v1_connector: enveloped(connector),
  v1_connectors: page(connector),
  v1_connection_test: enveloped(object({ success: truth, latency_ms: orNull(whole), message: text })),
  v1_rate_limits: enveloped(rateLimits),
} satisfies Readonly<Record<string, JsonSchema>>;

/** The shape of what did not succeed. */
export const flexorchErrors = {
  v1_error: object({
    status: { const: 'error' },
    data: { type: 'null' },
    error: object({ code: text, message: text, details: list(object({ path: text, reason: text })) }, ['details']),
  }),
} as const;
