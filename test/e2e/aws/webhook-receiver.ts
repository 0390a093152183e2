import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

type Call = { readonly body: string; readonly headers: IncomingHttpHeaders };

/** A receiver of webhooks on loopback, which takes whatever comes. */
export async function startWebhookReceiver() {
  const calls: Call[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (part: string) => {
      body += part;
    });
    request.on('end', () => {
      calls.push({ body, headers: request.headers });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    calls: calls as readonly Call[],
    close: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}
