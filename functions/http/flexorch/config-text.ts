import type * as z from 'zod';

/** Settings that are no texts, as their texts may be. */
const texts: ReadonlyMap<string, ReadonlyMap<string, boolean | number>> = new Map([
  ['use_ssl', asTexts([true, false])],
  ['path_style', asTexts([true, false])],
  ['list_version', asTexts([1, 2])],
]);

function asTexts(values: readonly (boolean | number)[]): ReadonlyMap<string, boolean | number> {
  return new Map(values.map((value) => [String(value), value]));
}

/**
 * A connector's settings as clients write them to whom each is a text: `"false"` is false, `"2"` is 2, in any case. An
 * endpoint may begin with its scheme, which says what `use_ssl` would: where both are there and differ, neither is
 * guessed to be meant. Everything else is left as it is, to be judged by the core.
 */
export function readConfigTexts(input: unknown, context: z.RefinementCtx): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  const read = Object.entries(input).map(([name, value]) => [name, readText(name, value)] as const);
  const config: Record<string, unknown> = Object.fromEntries(read);
  const { endpoint, use_ssl: useSsl } = config;
  const [, scheme = '', rest = ''] = /^(https?):\/\/(.*)$/is.exec(typeof endpoint === 'string' ? endpoint : '') ?? [];
  if (scheme === '') return config;
  const host = rest.endsWith('/') ? rest.slice(0, -1) : rest;
  const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  // Without a host it would be AWS, which nobody meant who wrote a scheme.
  if (host === '') refuse('endpoint', 'must name a host behind its scheme, such as https://s3.example.com');
  const secure = scheme.toLowerCase() === 'https';
  if (typeof useSsl === 'boolean' && useSsl !== secure) {
    refuse('use_ssl', `contradicts the endpoint, which begins with ${scheme.toLowerCase()}://; leave one of them out`);
  }
  return { ...config, endpoint: host, use_ssl: useSsl ?? secure };
}

function readText(name: string, value: unknown): unknown {
  return typeof value === 'string' ? (texts.get(name)?.get(value.trim().toLowerCase()) ?? value) : value;
}
