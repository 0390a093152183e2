import { describe, expect, test } from 'vitest';
import { Failure } from '#core/model/errors.ts';
import { parseInput } from '#core/model/parse-input.ts';
import { deleteWebhook } from '#core/webhooks/delete-webhook.ts';
import { readWebhooks } from '#core/webhooks/read-webhooks.ts';
import { mostWebhooks, secretContext, webhookInput } from '#core/webhooks/webhook.ts';
import { parseWebhookUrl } from '#core/webhooks/webhook-url.ts';
import { openVault } from '#support/sync-world.ts';
import { createWebhookWorld } from './webhook-world.ts';

const events = ['sync.completed'];

describe('the input', () => {
  test.each([
    [{ events }, 'url', 'is required'],
    [{ url: 7, events }, 'url', 'must be a text'],
    [{ url: '', events }, 'url', 'absolute URL'],
    [{ url: 'hooks.example.com', events }, 'url', 'absolute URL'],
    [{ url: 'ftp://hooks.example.com/', events }, 'url', 'absolute URL'],
    [{ url: 'https:///path', events }, 'url', 'must not be empty'],
    [{ url: 'https://user:pass@hooks.example.com/', events }, 'url', 'user or password'],
    [{ url: 'https://@hooks.example.com/', events }, 'url', 'user or password'],
    [{ url: 'https://hooks.example.com/#part', events }, 'url', 'fragment'],
    [{ url: 'https://hooks.example.com/a b', events }, 'url', 'without spaces'],
    [{ url: 'https://hooks.example.com\\@127.0.0.1/', events }, 'url', 'ASCII'],
    [{ url: 'https://hööks.example.com/', events }, 'url', 'ASCII'],
    [{ url: 'https://127.1/', events }, 'url', 'four decimal numbers'],
    [{ url: 'https://0x7f000001/', events }, 'url', 'four decimal numbers'],
    [{ url: 'https://127.0.0.%31/', events }, 'url', 'DNS name'],
    [{ url: 'https://hooks.example.com:0/', events }, 'url', 'port'],
    [{ url: 'https://hooks.example.com:99999/', events }, 'url', 'port'],
    [{ url: `https://hooks.example.com/${'a'.repeat(2048)}`, events }, 'url', '2,048'],
    [{ url: 'https://hooks.example.com/' }, 'events', 'is required'],
    [{ url: 'https://hooks.example.com/', events: 'sync.completed' }, 'events', 'list'],
    [{ url: 'https://hooks.example.com/', events: [] }, 'events', 'at least one'],
    [{ url: 'https://hooks.example.com/', events: ['sync done'] }, 'events.0', 'must be the name of an event'],
    [{ url: 'https://hooks.example.com/', events: [...events, ...events] }, 'events', 'once'],
    [{ url: 'https://hooks.example.com/', events, secret: '' }, 'secret', '16–256'],
    [{ url: 'https://hooks.example.com/', events, secret: 'a'.repeat(15) }, 'secret', '16–256'],
    [{ url: 'https://hooks.example.com/', events, secret: 'a'.repeat(257) }, 'secret', '16–256'],
    [{ url: 'https://hooks.example.com/', events, secret: 'a line that\nbreaks' }, 'secret', '16–256'],
    [{ url: 'https://hooks.example.com/', events, secret: null }, 'secret', 'must be a text'],
    [{ url: 'https://hooks.example.com/', events, active: true }, 'active', 'not a known field'],
  ])('given %j, %s is refused', (input, path, reason) => {
    let failure: unknown;
    try {
      parseInput(webhookInput, input, 'the webhook');
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(Failure);
    expect((failure as Failure).details).toEqual([{ path, reason: expect.stringContaining(reason) }]);
  });

  test.each([
    ['https://hooks.example.com', { useSsl: true, endpoint: 'hooks.example.com' }],
    ['HTTP://Hooks.Example.com:8080/a?b=c', { useSsl: false, endpoint: 'Hooks.Example.com:8080' }],
    ['https://[2001:db8::1]:444/%20', { useSsl: true, endpoint: '[2001:db8::1]:444' }],
    ['https://hooks.example.com/?mail=a@b.test', { useSsl: true, endpoint: 'hooks.example.com' }],
  ])('given %s, it is read', (url, target) => {
    expect(parseWebhookUrl(url)).toEqual(target);
    // The target that was judged is the one that Node will dial.
    const dialled = new URL(url);
    expect(target.endpoint.toLowerCase()).toBe(dialled.host);
  });
});

describe('secrets', () => {
  test('given none, one is made, shown once, sealed to the webhook, and in no view', async () => {
    const world = createWebhookWorld();
    const given = await world.create({ secret: 'my-own-secret' });
    const made = await world.create({ secret: undefined });
    expect(given.generatedSecret).toBeUndefined();
    expect(made.generatedSecret).toMatch(/^whsec_[0-9a-z]{25}$/);
    expect(await openVault.open(given.row.secret, secretContext(given.row))).toBe('my-own-secret');
    expect(await openVault.open(made.row.secret, secretContext(made.row))).toBe(made.generatedSecret);
    const shown = JSON.stringify(await readWebhooks(world));
    for (const text of ['my-own-secret', 'whsec_', 'secret']) expect(shown).not.toContain(text);
  });
});

describe('the registry', () => {
  test('given several, they are listed oldest first, with numbers that are never given again', async () => {
    const world = createWebhookWorld();
    for (let index = 0; index < 11; index += 1) await world.create({ url: `https://${index}.test/` });
    await deleteWebhook(world, '11');
    await world.create();
    expect((await readWebhooks(world)).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12]);
    await expect(deleteWebhook(world, '11')).rejects.toMatchObject({ code: 'not_found' });
  });

  test('given as many as there may be, also when they come at once, there are no more', async () => {
    const world = createWebhookWorld();
    for (let index = 0; index < mostWebhooks - 2; index += 1) await world.create();
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => world.create()));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'invalid_request' });
    }
    expect(await readWebhooks(world)).toHaveLength(mostWebhooks);
    await expect(world.create()).rejects.toThrow('delete one first');
  });
});
