import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { S3Server } from '#local/demo/s3-server/server.ts';

/** A server before another one, whose answers say less of the region. */
export type QuietServer = {
  /** `127.0.0.1:port` */
  readonly endpoint: string;
  readonly requests: { readonly method: string; readonly path: string; readonly status: number }[];
  close(): Promise<void>;
};

/**
 * Passes requests on as they are, Host and signature included, and answers back without the header that names the
 * bucket's region: a HEAD in the wrong region is then a 400 and nothing else, as Garage and MinIO answer it.
 *
 * @param withoutElement leaves `<Region>` out of error documents too, so that their message alone names it.
 */
export async function startQuietAboutRegion(server: S3Server, withoutElement = false): Promise<QuietServer> {
  const requests: QuietServer['requests'] = [];
  const http = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    const passed = forward({ host: '127.0.0.1', port: server.port, method, path: url, headers }, async (answer) => {
      const { 'x-amz-bucket-region': _region, 'content-length': _length, ...kept } = answer.headers;
      const pieces: Buffer[] = [];
      for await (const piece of answer) pieces.push(piece);
      const body = Buffer.concat(pieces).toString('latin1');
      const status = answer.statusCode ?? 0;
      requests.push({ method, path: url, status });
      const shown = withoutElement ? body.replace(/<Region>[^<]*<\/Region>/, '') : body;
      outgoing.writeHead(status, method === 'HEAD' ? { ...kept, ...lengthOf(answer.headers) } : kept);
      outgoing.end(Buffer.from(shown, 'latin1'));
    });
    passed.on('error', () => outgoing.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `127.0.0.1:${(http.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

function lengthOf(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const length = headers['content-length'];
  return typeof length === 'string' ? { 'content-length': length } : {};
}
