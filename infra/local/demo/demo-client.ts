import * as z from 'zod';

/** What a client reads of a run as the API shows it. */
export const shownRun = z.object({
  id: z.string(),
  status: z.string(),
  trigger: z.string(),
  scheduled_at: z.string().optional(),
  message: z.string().optional(),
  duration_ms: z.number().optional(),
  counters: z.record(z.string(), z.number()),
});
export type DemoRun = z.output<typeof shownRun>;

const document = z.object({
  id: z.string(),
  title: z.string(),
  type: z.string(),
  category: z.string(),
  size: z.number().optional(),
  metadata: z
    .object({ key: z.string(), etag: z.string(), storage_class: z.string(), last_modified: z.string() })
    .partial()
    .optional(),
});
export type DemoDocument = z.output<typeof document>;

const searchAnswer = z.object({
  hits: z.object({
    total: z.object({ value: z.number(), relation: z.string() }),
    hits: z.array(z.object({ _source: document })),
  }),
  next_cursor: z.string().optional(),
});

/** How often the demo looks whether the next scheduled run has ended. */
const pollMs = 250;

/** Speaks to Stocktake over HTTP only, as a curl command would. */
export function createDemoClient(url: string) {
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
      method,
      // What `curl -d` sends when it is not told otherwise.
      headers: body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return JSON.parse(text);
  };
  const search = async (parameters: Record<string, string>) =>
    searchAnswer.parse(await call('GET', `/document/_search?${new URLSearchParams(parameters)}`));

  return {
    call,
    search,
    /** Every document of a datasource, a page at a time. */
    async allDocuments(datasource: string): Promise<DemoDocument[]> {
      const documents: DemoDocument[] = [];
      let cursor: string | undefined;
      do {
        const page = await search({ datasource, size: '1000', ...(cursor === undefined ? {} : { cursor }) });
        documents.push(...page.hits.hits.map((hit) => hit._source));
        cursor = page.next_cursor;
      } while (cursor !== undefined);
      return documents;
    },
    /** Waits for a scheduled run that began after the given one and for which `wanted` holds. */
    async nextScheduledRun(
      datasource: string,
      after: string | undefined,
      wanted: (run: DemoRun) => boolean = () => true,
    ): Promise<DemoRun> {
      const deadline = Date.now() + 90_000;
      while (Date.now() < deadline) {
        const answer = z
          .object({ runs: z.array(shownRun) })
          .parse(await call('GET', `/datasource/${datasource}/_runs`));
        const found = answer.runs.findLast(
          (one) =>
            one.trigger === 'schedule' &&
            one.status !== 'running' &&
            (after === undefined || one.id > after) &&
            wanted(one),
        );
        if (found !== undefined) return found;
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
      throw new Error('no scheduled run ended within 90 seconds');
    },
  };
}
