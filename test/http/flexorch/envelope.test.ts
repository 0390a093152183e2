import { describe, expect, test } from 'vitest';
import { Failure } from '#core/model/errors.ts';
import { refusal } from '#http/dialects.ts';
import { accepted } from '#http/flexorch/envelope.ts';
import { createStaticApiKeys } from '#http/table/api-keys.ts';
import { type Answer, createApi } from '../api-fixture.ts';

function failed(answer: Answer): [number, string] {
  expect(Object.keys(answer.json)).toEqual(['status', 'data', 'error']);
  expect([answer.json.status, answer.json.data]).toEqual(['error', null]);
  expect(answer.json.error.message).toMatch(/\w/);
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  return [answer.status, answer.json.error.code];
}

describe('the envelope', () => {
  test('given an answer, it has all three fields', async () => {
    const { status, json } = await createApi().call('GET', '/v1/usage/rate-limits');
    expect([status, json]).toEqual([
      200,
      {
        status: 'success',
        data: {
          plan: 'self-hosted',
          unlimited: true,
          limit: null,
          used: 0,
          remaining: null,
          window_seconds: 60,
          reset_in_seconds: 0,
        },
        error: null,
      },
    ]);
  });

  test('given work that goes on, meta stands beside data', () => {
    expect(accepted({ accepted: 1 }, { poll: '/v1/jobs/1' })).toEqual({
      status: 202,
      body: { status: 'accepted', data: { accepted: 1 }, error: null, meta: { poll: '/v1/jobs/1' } },
    });
    expect(accepted({ id: 'r' }).body).toEqual({ status: 'accepted', data: { id: 'r' }, error: null });
  });

  test.each([
    ['GET', '/v1', 404, 'NOT_FOUND'],
    ['GET', '/v1/', 404, 'NOT_FOUND'],
    ['GET', '/v1/datasets', 404, 'NOT_FOUND'],
    ['POST', '/v1/search/query', 404, 'NOT_FOUND'],
    ['GET', '/v1/connectors/1', 404, 'CONNECTOR_NOT_FOUND'],
    ['DELETE', '/v1/connectors/1/', 404, 'CONNECTOR_NOT_FOUND'],
    ['GET', '/v1/connectors/zero', 422, 'VALIDATION_ERROR'],
    ['GET', '/v1/connectors/99999999999999999', 422, 'VALIDATION_ERROR'],
    ['GET', '/v1/connectors?page=0', 422, 'VALIDATION_ERROR'],
    ['PUT', '/v1/connectors/1', 405, 'METHOD_NOT_ALLOWED'],
    ['POST', '/v1/usage/rate-limits', 405, 'METHOD_NOT_ALLOWED'],
  ])('given %s %s, the refusal is %i %s in the envelope', async (method, path, status, code) => {
    expect(failed(await createApi().call(method, path))).toEqual([status, code]);
  });

  test('given paths that only begin like it, they are Coco’s', async () => {
    const { json } = await createApi().call('GET', '/v1x/connectors');
    expect(json).toMatchObject({ status: 404, error: { code: 'not_found' } });
  });

  test('given no key, the answer is 401 in the envelope, whatever the path', async () => {
    const api = createApi({ apiKeys: createStaticApiKeys([{ key: 'read-key-0123456789', scope: 'read' }]) });
    expect(failed(await api.call('GET', '/v1/connectors'))).toEqual([401, 'INVALID_API_KEY']);
    expect(failed(await api.call('GET', '/v1/nothing'))).toEqual([401, 'INVALID_API_KEY']);
    const headers = { 'x-api-key': 'read-key-0123456789' };
    expect((await api.call('GET', '/v1/connectors', { headers })).status).toBe(200);
    expect(failed(await api.call('DELETE', '/v1/connectors/1', { headers }))).toEqual([403, 'FORBIDDEN']);
  });

  test('given a defect of ours, nothing of it is told', () => {
    for (const error of [
      new Error('table t-17 is gone'),
      new Failure('internal', 'fence 4'),
      ...(['lease_lost', 'interrupted', 'scope_changed', 'run_time_limit', 'run_page_limit'] as const).map(
        (code) => new Failure(code, 'x4'),
      ),
    ]) {
      const { status, body } = refusal('/v1/connectors', error, { requestId: 'r' });
      expect([status >= 500, JSON.stringify(body)]).toEqual([true, expect.not.stringMatching(/t-17|fence|x4/)]);
      expect(body).toMatchObject({ status: 'error', data: null, error: { code: 'INTERNAL_ERROR' } });
    }
  });

  test('given a failure of a user’s own server, it is no alarm of ours', () => {
    for (const code of ['listing_not_proved', 'listing_contradicted', 'source_error', 'answer_too_large'] as const) {
      const { status, body } = refusal('/v1/connectors', new Failure(code, 'what was seen'), { requestId: 'r' });
      expect([status, body]).toEqual([
        424,
        { status: 'error', data: null, error: { code: code.toUpperCase(), message: 'what was seen' } },
      ]);
    }
  });

  test('given a failure of the core, its field has the name that this dialect knows', () => {
    const details = [{ path: 'sync.cron', reason: 'is empty' }];
    const { body } = refusal('/v1/x', new Failure('invalid_request', 'sync.cron is empty', { details }), {
      requestId: 'r',
    });
    expect(body).toMatchObject({
      error: { message: 'cron_expression is empty', details: [{ path: 'cron_expression', reason: 'is empty' }] },
    });
  });
});
