import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tellFirstKey } from '#local/first-key-file.ts';
import { readSettings } from '#local/settings.ts';
import { type RunningStocktake, startLocal } from '#local/start-local.ts';
import { createRecordingLog } from '#support/recording-log.ts';

let folder: string;
let running: RunningStocktake | undefined;
let log: ReturnType<typeof createRecordingLog>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stocktake-keys-'));
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function start(env: Readonly<Record<string, string>>): Promise<RunningStocktake> {
  await running?.stop();
  log = createRecordingLog();
  running = await startLocal(readSettings({ PORT: '0', STOCKTAKE_DATA: folder, ...env }), log);
  return running;
}

/** What of the answers these tests look into. */
type Told = {
  readonly key: string;
  readonly keys: readonly { readonly id: string }[];
  readonly error: { readonly code: string; readonly reason: string };
};

async function call(method: string, path: string, key?: string, body?: unknown) {
  const headers: Record<string, string> = key === undefined ? {} : { 'x-api-key': key };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(`${running?.url}${path}`, { method, headers, ...sent });
  return { status: answer.status, json: (await answer.json()) as Told };
}

const own = 'a-managing-key-of-the-settings';

describe('a server that was started with STOCKTAKE_AUTH=keys', () => {
  test('given none is stored, one that manages is made once, and its file is for this user alone', async () => {
    writeFileSync(join(folder, 'first-key'), 'an older one', { mode: 0o644 });
    chmodSync(join(folder, 'first-key'), 0o666);
    const { firstKey } = await start({ STOCKTAKE_AUTH: 'keys' });
    const path = join(folder, 'first-key');
    expect([firstKey?.path, readFileSync(path, 'utf8')]).toEqual([path, `${firstKey?.text}\n`]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.startsWith('first-key'))).toEqual(['first-key']);
    expect(JSON.stringify(log.lines)).not.toContain(firstKey?.text.slice(-50));
    expect((await call('GET', '/_keys')).status).toBe(401);
    expect((await call('GET', '/_keys', firstKey?.text)).json.keys).toMatchObject([
      { name: 'first key', scope: 'manage', created_by: 'stocktake', expires_at: null },
    ]);
    // Given it is started again, it is the same key, which no file is needed for
    rmSync(path);
    expect((await start({ STOCKTAKE_AUTH: 'keys' })).firstKey).toBeUndefined();
    expect([existsSync(path), (await call('GET', '/_keys', firstKey?.text)).status]).toEqual([false, 200]);
  });

  test('given a managing key of the settings, none is made', async () => {
    expect((await start({ STOCKTAKE_AUTH: 'keys', STOCKTAKE_API_KEYS: `manage:${own}` })).firstKey).toBeUndefined();
    expect((await call('GET', '/_keys', own)).json).toEqual({ keys: [] });
  });

  test('given keys of the settings that do not manage, one is made', async () => {
    const { firstKey } = await start({ STOCKTAKE_AUTH: 'keys', STOCKTAKE_API_KEYS: `write:${own}` });
    expect((await call('GET', '/_keys', firstKey?.text)).status).toBe(200);
    expect((await call('GET', '/_keys', own)).status).toBe(403);
  });

  test('given the first key, it is refused to go while it is the last, and goes once there is another', async () => {
    const { firstKey } = await start({ STOCKTAKE_AUTH: 'keys' });
    const [first] = (await call('GET', '/_keys', firstKey?.text)).json.keys;
    const id = first?.id;
    const last = await call('POST', `/_keys/${id}/_revoke`, firstKey?.text);
    expect([last.status, last.json.error.reason]).toEqual([409, expect.stringContaining('create another one')]);
    const { json } = await call('POST', '/_keys', firstKey?.text, { name: 'mine', scope: 'manage' });
    expect((await call('POST', `/_keys/${id}/_revoke`, json.key)).json).toMatchObject({ _id: id, result: 'revoked' });
  });

  test('given its file cannot be written, it does not start, and leaves no key that nobody has', async () => {
    const { firstKey } = await start({ STOCKTAKE_AUTH: 'keys', STOCKTAKE_API_KEYS: `manage:${own}` });
    expect(firstKey).toBeUndefined();
    await running?.stop();
    running = undefined;
    const path = join(folder, 'first-key');
    const blocked = readSettings({ PORT: '0', STOCKTAKE_DATA: folder, STOCKTAKE_AUTH: 'keys' });
    mkdirSync(join(path, 'in-the-way'), { recursive: true });
    await expect(startLocal(blocked, log)).rejects.toThrow(/data folder .* cannot be used/);
    rmSync(path, { recursive: true });
    const mended = await start({ STOCKTAKE_AUTH: 'keys' });
    expect((await call('GET', '/_keys', mended.firstKey?.text)).json.keys).toHaveLength(1);
  });

  test('given who is told of it, a terminal shows the key and a pipe names its file', () => {
    const key = { text: 'stk_the_key', path: '/data/first-key' };
    expect(tellFirstKey(key, true)).toContain('stk_the_key');
    expect(tellFirstKey(key, false)).not.toContain('stk_the_key');
    expect(tellFirstKey(key, false)).toContain('/data/first-key');
  });
});

describe('stored keys', () => {
  test('given one of each scope, they get in where keys are needed, and make no difference where none is', async () => {
    await start({ STOCKTAKE_API_KEYS: `manage:${own}` });
    const made = (await call('POST', '/_keys', own, { name: 'looks', scope: 'read' })).json;
    expect(made).toMatchObject({ result: 'created', key: expect.stringMatching(/^stk_[0-9a-z]{12}_[0-9a-z]{50}$/) });
    expect((await call('GET', '/datasource/_search', made.key)).status).toBe(200);
    expect((await call('POST', '/datasource', made.key, {})).status).toBe(403);
    // Given the same folder without keys, as the founding commands have it
    await start({});
    expect((await call('GET', '/datasource/_search')).status).toBe(200);
    const refused = await call('POST', '/_keys', undefined, { name: 'x', scope: 'read' });
    expect([refused.status, refused.json.error]).toMatchObject([
      409,
      { code: 'conflict', reason: expect.stringMatching(/started without keys.*STOCKTAKE_AUTH=keys/) },
    ]);
    expect((await call('GET', '/_keys')).json.keys).toHaveLength(1);
    expect(log.lines.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  test('given keys of the settings with less than manage, the start warns once for each scope', async () => {
    await start({ STOCKTAKE_API_KEYS: `manage:${own},write:${own}2,write:${own}3,read:${own}4` });
    const warned = log.lines.filter(({ level }) => level === 'warn');
    expect(warned).toMatchObject([{ fields: { scope: 'write' } }, { fields: { scope: 'read' } }]);
    expect(JSON.stringify(warned)).not.toContain(own);
  });
});
