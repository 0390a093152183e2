import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { signatureHeaders } from '#core/webhooks/sign.ts';

type Check = (headers: Record<string, string>, body: string, secret: string) => boolean;

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
const [, code = ''] = /```js\n([^`]*isGenuine(?:[^`]|`[^`\n]*`)*?)```/.exec(readme) ?? [];

test('given the example of the README, it takes what we sign and nothing else', async () => {
  const module = `data:text/javascript,${encodeURIComponent(`${code}\nexport { isGenuine };`)}`;
  const { isGenuine } = (await import(/* @vite-ignore */ module)) as { isGenuine: Check };
  const body = '{"event":"sync.completed","message":"Zoë"}';
  const headers = signatureHeaders('my-webhook-secret', body, Date.now());
  expect(isGenuine(headers, body, 'my-webhook-secret')).toBe(true);
  expect(isGenuine(headers, body, 'another-secret')).toBe(false);
  expect(isGenuine(headers, `${body} `, 'my-webhook-secret')).toBe(false);
  expect(isGenuine({ ...headers, 'x-stocktake-timestamp': '1' }, body, 'my-webhook-secret')).toBe(false);
  expect(isGenuine({}, body, 'my-webhook-secret')).toBe(false);
  const old = signatureHeaders('my-webhook-secret', body, Date.now() - 600_000);
  expect(isGenuine(old, body, 'my-webhook-secret')).toBe(false);
});
