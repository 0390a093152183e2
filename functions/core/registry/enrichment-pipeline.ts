import * as z from 'zod';

const nothing = z.strictObject({});

const oneStep = 'must be {"s3_head":{}} or {"s3_tags":{}}';

const step = z
  .strictObject(
    { s3_head: nothing.optional(), s3_tags: nothing.optional() },
    { error: (issue) => (issue.code === 'invalid_type' ? oneStep : undefined) },
  )
  .refine((named) => Object.keys(named).length === 1, oneStep)
  .transform((named) => ('s3_head' in named ? ('s3_head' as const) : ('s3_tags' as const)));

const wholePipeline = 'must be an object such as {"processor":[{"s3_head":{}},{"s3_tags":{}}]}';

/**
 * What is gathered of each object besides its listing: `s3_head` asks for its headers, `s3_tags` for its tags, one
 * request an object each. As it is written: `{"processor":[{"s3_head":{}},{"s3_tags":{}}]}`.
 */
const enrichmentPipeline = z.strictObject(
  {
    processor: z
      .array(step, 'must be a list such as [{"s3_head":{}},{"s3_tags":{}}]')
      .min(1, 'must name at least one step; leave enrichment_pipeline out to gather nothing')
      .refine((steps) => new Set(steps).size === steps.length, 'must name each step once'),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? wholePipeline : undefined) },
);

/** The same as a field of a request, where null, an empty text or an empty object stand for none. */
export const enrichmentPipelineInput = z.preprocess(
  (value) => (value === '' || isEmptyObject(value) ? null : value),
  enrichmentPipeline.nullable(),
);

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

/** The steps of a pipeline at rest. */
export const enrichmentSteps = z.array(z.enum(['s3_head', 's3_tags']));
export type EnrichmentSteps = z.output<typeof enrichmentSteps>;

/** Everything there is: what a job gathers unless it is told otherwise. */
export const allSteps: EnrichmentSteps = ['s3_head', 's3_tags'];

/** A pipeline as it is written. */
export function pipelineView(steps: EnrichmentSteps): { readonly processor: readonly Record<string, object>[] } {
  return { processor: steps.map((name) => ({ [name]: {} })) };
}
