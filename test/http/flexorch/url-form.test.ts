import { describe, expect, test } from 'vitest';
import { type Api, createApi } from '../api-fixture.ts';
import { connectorBody, createStrictClient } from './strict-client.ts';

const urlencoded = 'application/x-www-form-urlencoded';

async function prepare() {
  const api = createApi();
  const { id } = await createStrictClient(api).data('POST', '/v1/connectors', 201, connectorBody());
  return { api, connector: Number(id) };
}

function post(api: Api, body: string, type = urlencoded, base64 = false) {
  return api.call('POST', '/v1/data-process/async', { body, headers: { 'content-type': type }, base64 });
}

const formOf = (fields: Record<string, string>) => new URLSearchParams(fields).toString();

const sourceOf = (connector: number | string, keys: readonly string[] = ['a/1.pdf', 'c.txt']) =>
  JSON.stringify({ connector_id: connector, keys });

describe('a urlencoded form', () => {
  test.each([
    [urlencoded, false],
    [urlencoded, true],
    [`${urlencoded}; charset=utf-8`, false],
    ['Application/X-WWW-Form-Urlencoded;charset=UTF-8', true],
  ])(
    'given the fields that the Python client sends as %s, base64 %s, they are read like JSON',
    async (type, base64) => {
      const { api, connector } = await prepare();
      const pipeline_config = '{"processor":[{"s3_head":{}}]}';
      const form = formOf({ locale: 'und', source: sourceOf(connector), pipeline_config });
      const { status, json } = await post(api, form, type, base64);
      expect([status, json.data?.job_ids, json.meta]).toEqual([202, [1, 2], { poll: '/v1/jobs/1' }]);
    },
  );

  test('given a connector id as text, no locale and an empty pipeline, they say nothing more', async () => {
    const { api, connector } = await prepare();
    const form = formOf({ source: sourceOf(`${connector}`), locale: '', pipeline_config: '' });
    expect((await post(api, form)).status).toBe(202);
  });

  test('given a key with all that forms, JSON and URLs escape, it arrives as it is', async () => {
    const { api, connector } = await prepare();
    const odd = 'größe "x"=1&2+3%20 %2F\r\n😀.pdf';
    const { json } = await post(api, formOf({ source: sourceOf(connector, [odd]) }));
    expect(json.data.jobs[0].key).toBe(odd);
  });

  test('given the JSON that curl -d sends under the type of a form, it is read as JSON', async () => {
    const { api, connector } = await prepare();
    const { status, json } = await post(api, ` {"source":${sourceOf(connector)}}`);
    expect([status, json.data?.job_ids]).toEqual([202, [1, 2]]);
  });

  test('given the same form again, it is answered with the same jobs; so is what it says in JSON', async () => {
    const { api, connector } = await prepare();
    const form = formOf({ source: sourceOf(connector) });
    const first = await post(api, form);
    await api.work();
    expect((await post(api, form)).text).toBe(first.text);
    const json = await api.call('POST', '/v1/data-process/async', { body: `{"source":${sourceOf(connector)}}` });
    expect(json.text).toBe(first.text);
  });

  const source = encodeURIComponent(sourceOf(1));
  const bad: readonly (readonly [string, string, string | undefined, RegExp])[] = [
    ['no source', 'locale=de', 'source', /source: is required/],
    ['a source without a value', 'locale=de&source', 'source', /source: must be|source: is/],
    ['a source that is no JSON', 'source=%7Bkeys', 'source', /the field source is not valid JSON: line 1/],
    ['a source that is a list', 'source=%5B%5D', 'source', /the field source must be a JSON object/],
    [
      'a pipeline that is no JSON',
      `source=${source}&pipeline_config=x`,
      'pipeline_config',
      /field pipeline_config is not/,
    ],
    [
      'a pipeline with an option that is not ours',
      `source=${source}&pipeline_config=%7B%22mask_pii%22:false%7D`,
      'pipeline_config.mask_pii',
      /pipeline_config\.processor: is required/,
    ],
    ['a locale that is none', `source=${source}&locale=../etc`, 'locale', /locale: must be a language tag/],
    ['an unknown field', `source=${source}&colour=red`, 'colour', /colour: is not a known field/],
    ['a field twice', `source=${source}&source=${source}`, 'source', /the field source twice/],
    ['a broken escape', `source=${source}&locale=%zz`, 'locale', /the field locale holds an escape/],
    ['an escape that is not UTF-8', 'source=%FF%FE', 'source', /the field source holds an escape/],
    ['half of a surrogate pair', 'source=%ED%A0%80', 'source', /the field source holds an escape/],
    ['a value without a name', `source=${source}&=x`, undefined, /a field of it has no name/],
    ['21 fields', Array.from({ length: 21 }, (_, n) => `f${n}=`).join('&'), undefined, /more than 20 fields/],
    ['a trap for a name', `source=${source}&__proto__=%7B%7D`, '__proto__', /__proto__: is not a known field/],
    ['words', 'hello world', undefined, /source: is required|is not a known field/],
    ['nothing', '', undefined, /the body is empty/],
  ];
  test.each(bad)('given %s, it is 422 that names the field, and makes no job', async (_name, body, field, reason) => {
    const { api } = await prepare();
    const { status, json } = await post(api, body);
    expect([status, json.error.code, json.error.message]).toEqual([
      422,
      'VALIDATION_ERROR',
      expect.stringMatching(reason),
    ]);
    if (field !== undefined) expect(json.error.details).toContainEqual(expect.objectContaining({ path: field }));
    expect((await api.call('GET', '/v1/jobs')).json.data.total).toBe(0);
  });

  test('given more than a mebibyte, it is 413 FILE_TOO_LARGE', async () => {
    const { status, json } = await post((await prepare()).api, `source=${'x'.repeat(1_100_000)}`);
    expect([status, json.error.code]).toEqual([413, 'FILE_TOO_LARGE']);
  });

  test('given 100 KB of hostile text, it is refused within the time that reading takes', async () => {
    const { api } = await prepare();
    for (const text of ['&', '=', '%', '+', 'a=&', '%25', ' ']) {
      const started = performance.now();
      const { status } = await post(api, `a${text.repeat(100_000 / text.length)}`);
      expect([text, status]).toEqual([text, 422]);
      expect(performance.now() - started).toBeLessThan(2000);
    }
  });

  test('given any other route, a form is read as the JSON that it should be', async () => {
    const { api } = await prepare();
    const answer = await api.call('POST', '/v1/connectors', {
      body: 'name=x',
      headers: { 'content-type': urlencoded },
    });
    expect([answer.status, answer.json.error.message]).toEqual([422, expect.stringContaining('is not valid JSON')]);
  });
});
