import * as z from 'zod';
import { shownRun } from '#local/demo/demo-client.ts';

export type CloudRun = z.output<typeof shownRun>;

const searchAnswer = z.object({
  hits: z.object({
    total: z.object({ value: z.number(), relation: z.string() }),
    hits: z.array(
      z.object({
        _source: z.object({
          id: z.string(),
          size: z.number(),
          metadata: z.object({
            key: z.string(),
            etag: z.string(),
            storage_class: z.string(),
            last_modified: z.string(),
          }),
        }),
      }),
    ),
  }),
  next_cursor: z.string().optional(),
});

const datasource = z.object({
  _source: z.object({
    sync: z.record(z.string(), z.unknown()),
    schedule: z.record(z.string(), z.unknown()).optional(),
  }),
});

export type Answer = { readonly status: number; readonly body: unknown; readonly headers: Headers };

/** The deployed API, spoken to as curl does. */
export type CloudApi = ReturnType<typeof createCloudApi>;

/** `url` is where the routes begin. A body is sent as `curl -d` sends it unless a content type is given. */
export function createCloudApi(url: string, key: string | undefined) {
  const send = async (method: string, path: string, body?: unknown, contentType?: string): Promise<Answer> => {
    const response = await fetch(`${url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(key === undefined ? {} : { 'x-api-key': key }),
        ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/x-www-form-urlencoded' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: parsed(text), headers: response.headers };
  };
  const call = async (method: string, path: string, body?: unknown, contentType?: string): Promise<unknown> => {
    const answer = await send(method, path, body, contentType);
    if (answer.status !== 200) {
      throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  };
  return {
    send,
    /** Throws on any status but 200. */
    call,
    async datasource(id: string) {
      return datasource.parse(await call('GET', `/datasource/${id}`))._source;
    },
    /** Newest first. */
    async runs(id: string): Promise<CloudRun[]> {
      return z.object({ runs: z.array(shownRun) }).parse(await call('GET', `/datasource/${id}/_runs`)).runs;
    },
    /** All documents of a datasource, as many a page, by cursor. */
    async documents(id: string, size: number) {
      const found = [];
      let cursor: string | undefined;
      do {
        const parameters = { datasource: id, size: String(size), ...(cursor === undefined ? {} : { cursor }) };
        const page = searchAnswer.parse(await call('GET', `/document/_search?${new URLSearchParams(parameters)}`));
        found.push(...page.hits.hits.map((hit) => hit._source));
        cursor = page.next_cursor;
      } while (cursor !== undefined);
      return found;
    },
  };
}

/** Some answers, and those of the gateway itself, are not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
