import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function countingServer(): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.end();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { port: typeof address === 'object' && address ? address.port : 0, connections: () => connections };
}

/** What a process does that has been told of proxies in every way that Node and its libraries know. */
function program(port: number): string {
  const folder = new URL('../../functions/adapters/', import.meta.url);
  return `
    import { createBuckets } from '${new URL('s3/s3-buckets.ts', folder)}';
    import { createHttpWebhookSender } from '${new URL('webhooks/http-webhook-sender.ts', folder)}';
    const lookup = async () => [{ address: '127.0.0.1', family: 4 }];
    const patience = { wait: async () => undefined };
    const buckets = createBuckets({ allowPrivateEndpoints: true, lookup, patience, requestTimeoutMs: 2000 });
    const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
    for (const useSsl of [false, true]) {
      const place = { bucket: 'stock', endpoint: 's3.example.com:${port}', useSsl, pathStyle: true, listVersion: 2 };
      await buckets.open({ ...place, credentials }).list({ prefix: '', maxKeys: 1 }).catch(() => undefined);
    }
    const sender = createHttpWebhookSender({ allowPrivateEndpoints: true, lookup, timeoutMs: 2000 });
    for (const scheme of ['http', 'https']) {
      await sender.send({ url: scheme + '://hooks.example.com:${port}/', headers: {}, body: '{}' });
    }
    process.exit(0);`;
}

it.each(['NODE_USE_ENV_PROXY', 'NODE_OPTIONS'])(
  'given proxies in the environment and %s, they are not asked: they would dial what no guard has seen',
  async (name) => {
    // Given
    const proxy = await countingServer();
    const source = await countingServer();
    const url = `http://127.0.0.1:${proxy.port}`;
    const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'];
    const told = { ...Object.fromEntries(names.map((each) => [each, url])), NO_PROXY: '', no_proxy: '' };
    const switched = { [name]: name === 'NODE_OPTIONS' ? '--use-env-proxy' : '1' };

    // When
    const env = { PATH: process.env.PATH ?? '', ...told, ...switched };
    const args = ['--input-type=module', '-e', program(source.port)];
    await promisify(execFile)(process.execPath, args, { env, cwd: new URL('../..', import.meta.url) });

    // Then
    expect(proxy.connections()).toBe(0);
    expect(source.connections()).toBeGreaterThanOrEqual(4);
  },
  60_000,
);
