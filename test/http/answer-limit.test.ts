import { expect, test } from 'vitest';
import { withinAnswerLimit } from '#http/steps/answer-limit.ts';
import { createApi, listed, secret } from './api-fixture.ts';

const config = { bucket: 'docs', endpoint: 's3.example.com', access_key_id: 'AK', secret_access_key: secret };

test('given documents with very long keys, an answer that Lambda could not give is refused with what to do', async () => {
  const api = createApi();
  const long = 'ü'.repeat(509);
  api.objects.splice(0, 3, ...Array.from({ length: 1000 }, (_, index) => listed(`${1000 + index}/${long}`)));
  const body = { id: 'docs', type: 'connector', name: 'docs', connector: { id: 's3', config } };
  expect(await api.call('POST', '/datasource/', { body })).toMatchObject({ status: 200 });
  await api.call('POST', '/datasource/docs/_sync');
  await api.work();
  const search = (size: number) => api.call('GET', `/document/_search?datasource=docs&size=${size}`);
  const refused = await search(1000);
  expect(refused).toMatchObject({
    status: 400,
    json: {
      error: { reason: expect.stringMatching(/^the answer would have \d+\.\d MB, of at most 6: ask for fewer/) },
    },
  });
  const answer = await search(100);
  expect(answer).toMatchObject({ status: 200, json: { hits: { total: { value: 1000 } } } });
});

test.each([
  ['as plain text, just below the limit', 'a'.repeat(6_291_000), true],
  ['as plain text, above the limit', 'a'.repeat(6_291_457), false],
  ['of quotes, which are escaped, above the limit', '"'.repeat(3_200_000), false],
  ['of controls, whose escapes are six times as long', '\u0001'.repeat(1_100_000), false],
  ['small', '{}', true],
])('given a body %s, then it is judged by what Lambda would be sent', (_, body, passes) => {
  const result = { statusCode: 200, body };
  if (passes) expect(withinAnswerLimit(result)).toBe(result);
  else expect(() => withinAnswerLimit(result)).toThrow(/ask for fewer at once/);
});
