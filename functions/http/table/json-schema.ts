/** A JSON Schema of an answer. Requests have theirs from zod. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export const text: JsonSchema = { type: 'string' };
export const whole: JsonSchema = { type: 'integer' };
export const truth: JsonSchema = { type: 'boolean' };
export const anything: JsonSchema = { type: 'object' };

/** The same, or null. */
export function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'null' }] };
}

/** Further properties may come; all of these do but the optional ones. */
export function object(properties: Readonly<Record<string, JsonSchema>>, optional: readonly string[] = []): JsonSchema {
  return { type: 'object', properties, required: Object.keys(properties).filter((name) => !optional.includes(name)) };
}

export function list(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}
