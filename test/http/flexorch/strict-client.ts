import { expect } from 'vitest';
import type { Answer, Api, CallOptions } from '../api-fixture.ts';

/** One request as it went over the wire, retries counted one by one. */
export type Exchange = { readonly method: string; readonly path: string; readonly status: number };

/** What goes wrong on the way to or from the server, told by the number of the request (from 1). */
export type Weather = (request: number) => 'lost before' | 'lost after' | '503 after' | undefined;

const retries = 3;

/**
 * A client that holds the server to the contract: it reads nothing but `data`, and sends every request again, POST
 * included, when the answer is 5xx or does not come.
 */
export function createStrictClient(api: Api, weather: Weather = () => undefined) {
  const session: Exchange[] = [];

  async function exchange(method: string, path: string, sent: CallOptions): Promise<Answer | undefined> {
    const trouble = weather(session.length + 1);
    const answer = trouble === 'lost before' ? undefined : await api.call(method, path, sent);
    const shown = trouble === '503 after' ? 503 : trouble === undefined ? (answer?.status ?? 0) : 0;
    session.push({ method, path, status: shown });
    return trouble === undefined ? answer : undefined;
  }

  async function request(method: string, path: string, sent: CallOptions = {}): Promise<Answer> {
    for (let attempt = 0; attempt <= retries; attempt += 1) {
      const answer = await exchange(method, path, sent);
      if (answer !== undefined && answer.status < 500) return answer;
    }
    throw new Error(`${method} ${path} failed ${retries + 1} times`);
  }

  /** Sends a request that must succeed, and gives its data. */
  async function data(method: string, path: string, status: number, body?: unknown) {
    const answer = await request(method, path, { body });
    expect([method, path, answer.status, answer.text]).toEqual([method, path, status, expect.anything()]);
    if (status === 204) {
      expect(answer.text).toBe('');
      return undefined;
    }
    expect(answer.headers['content-type']).toMatch(/^application\/json\b/);
    expect(Object.keys(answer.json).slice(0, 3)).toEqual(['status', 'data', 'error']);
    expect([answer.json.status, answer.json.error]).toEqual([status === 202 ? 'accepted' : 'success', null]);
    return answer.json.data;
  }

  /** Sends a request that must be refused, and gives the error. */
  async function refused(method: string, path: string, status: number, body?: unknown) {
    const answer = await request(method, path, { body });
    expect([method, path, answer.status]).toEqual([method, path, status]);
    expect(answer.json).toMatchObject({ status: 'error', data: null });
    expect(answer.json.error).toMatchObject({
      code: expect.stringMatching(/^[A-Z_]+$/),
      message: expect.stringMatching(/\w/),
    });
    return answer.json.error;
  }

  return { session, request, data, refused };
}

/** The curl body of FlexOrch's documentation, with values that can be. */
export function connectorBody(over: Record<string, unknown> = {}, config: Record<string, unknown> = {}) {
  return {
    type: 's3',
    name: 'my-s3-connector',
    config: {
      bucket: 'my-documents',
      region: 'eu-west-1',
      aws_access_key_id: 'AKIAEXAMPLE',
      aws_secret_access_key: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYSECRETKEY',
      ...config,
    },
    ...over,
  };
}
