import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { startServerProcess } from '#support/server-process.ts';
import { startCanaries } from '../prove/dialling-world.ts';

const key = 'k'.repeat(32);
const ending: (() => Promise<unknown> | undefined)[] = [];

afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

/** `npm start` on a folder of its own. */
async function start(env: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'stocktake-scan-'));
  const server = startServerProcess({ ...env, STOCKTAKE_DATA: folder, STOCKTAKE_LOG: 'json' });
  ending.push(async () => {
    await server.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });
  const line = await server.line(/http:\/\/127\.0\.0\.1:\d+/);
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? '';
  return async (method: string, path: string, body?: unknown) => {
    const headers = { 'x-api-token': key, 'content-type': 'application/json' };
    const answer = await fetch(`${url}${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
    return { status: answer.status, json: await answer.json() };
  };
}

function datasource(id: string, endpoint: string) {
  const keys = { access_key_id: 'AKIAEXAMPLE', secret_access_key: 'not-a-secret-of-anyone' };
  const config = { bucket: 'stock', endpoint, use_ssl: false, ...keys };
  return { id, name: id, type: 'connector', connector: { id: 's3', config }, sync: { enabled: false } };
}

describe('npm start with keys, asked for the ports of its own machine', () => {
  test('given 40 ports, two of them open, by name and by address, then all are refused alike and none is dialled', {
    timeout: 120_000,
  }, async () => {
    // Given
    const open = [await startCanaries(), await startCanaries()];
    ending.push(...open.map((canaries) => canaries.close));
    const ask = await start({ STOCKTAKE_API_KEYS: `write:${key}` });
    const ports = [...open.map(({ port }) => port), ...Array.from({ length: 38 }, (_, index) => 20_000 + index)];

    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      const answers = new Set<string>();
      for (const port of ports) {
        // When
        const id = `at-${host.replace(/\W/g, '')}-${port}`;
        const saved = await ask('POST', '/datasource/', datasource(id, `${host}:${port}`));
        const tested = await ask('POST', `/datasource/${id}/_test`);
        answers.add(JSON.stringify([saved.status, tested]).replaceAll(String(port), 'PORT'));
      }

      // Then
      expect(answers.size).toBe(1);
      expect([...answers][0]).toMatch(
        /"success":false,"latency_ms":null.*may not be used.*STOCKTAKE_PRIVATE_ENDPOINTS=/,
      );
    }
    expect(open.map(({ connections }) => connections())).toEqual([0, 0]);
  });

  test('given the setting that a refusal shows, then that endpoint is dialled, and its neighbour is not', {
    timeout: 120_000,
  }, async () => {
    const canaries = await startCanaries();
    const other = await startCanaries();
    ending.push(canaries.close, other.close);
    const keys = { STOCKTAKE_API_KEYS: `write:${key}` };
    const ask = await start(keys);
    const endpoint = `127.0.0.1:${canaries.port}`;
    await ask('POST', '/datasource/', datasource('a', endpoint));
    const { json } = (await ask('POST', '/datasource/a/_test')) as { json: { message: string } };
    const [, setting = ''] = /STOCKTAKE_PRIVATE_ENDPOINTS=(\S+)/.exec(json.message) ?? [];
    expect(setting).toBe(endpoint);

    const again = await start({ ...keys, STOCKTAKE_PRIVATE_ENDPOINTS: setting });
    await again('POST', '/datasource/', datasource('a', endpoint));
    await again('POST', '/datasource/', datasource('b', `127.0.0.1:${other.port}`));
    for (const id of ['a', 'b']) await again('POST', `/datasource/${id}/_test`);
    expect(canaries.connections()).toBeGreaterThan(0);
    expect(other.connections()).toBe(0);
  });
});
