import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { S3Client } from '@aws-sdk/client-s3';
import type { S3Server } from '#local/demo/s3-server/server.ts';
import type { S3User } from '#local/demo/s3-server/signature.ts';

/** A request as it goes over the wire: nothing is normalised, retried or parsed. */
export type RawRequest = {
  readonly method?: string;
  /** Not encoded, from the slash on. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
};

export type RawAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** False when the connection broke before the body was whole. */
  readonly complete: boolean;
};

export type SigningOptions = {
  readonly user?: S3User;
  readonly region?: string;
  readonly expiresIn?: number;
  /** When it was signed, epoch milliseconds. */
  readonly at?: number;
};

type Presigner = {
  presign(request: object, options: object): Promise<{ path: string; query: Record<string, string> }>;
};

const reserved = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
const encode = (text: string) => encodeURIComponent(text).replace(/[!'()*]/g, reserved);

/** Path and query of a URL presigned with the SDK's own signer, so that ours is not checked against itself. */
export async function presign(server: S3Server, request: RawRequest, options: SigningOptions = {}): Promise<string> {
  const region = options.region ?? server.region;
  const { accessKeyId, secretAccessKey, sessionToken } = options.user ?? server.credentials;
  const credentials = { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
  const client = new S3Client({ endpoint: server.url, region, forcePathStyle: true, credentials });
  const scheme = { name: 'sigv4', signingName: 's3', signingRegion: region, properties: {} };
  const signer = (await client.config.signer(scheme)) as unknown as Presigner;
  const path = request.path.split('/').map(encode).join('/');
  const signed = await signer.presign(
    {
      ...{ method: request.method ?? 'GET', protocol: 'http:', hostname: '127.0.0.1', port: server.port, path },
      query: { ...request.query },
      headers: { host: server.endpoint, 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD', ...request.headers },
    },
    { expiresIn: options.expiresIn ?? 60, signingDate: new Date(options.at ?? Date.now()) },
  );
  client.destroy();
  const query = Object.entries(signed.query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  return `${signed.path}?${query.join('&')}`;
}

/** Sends to a path and query that are encoded and signed already. Rejects only if no answer begins. */
export function send(
  server: S3Server,
  target: string,
  request: Omit<RawRequest, 'path' | 'query'> = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: server.port,
      path: target,
      method: request.method ?? 'GET',
      agent: false,
    };
    const sent = httpRequest({ ...options, headers: { ...request.headers } }, (message) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('error', () => undefined);
      message.on('close', () =>
        resolve({
          ...{ status: message.statusCode ?? 0, headers: message.headers, complete: message.complete },
          body: Buffer.concat(chunks),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(request.body);
  });
}

/** Presigned and sent; `x-amz-` headers travel in the query, where the signer puts them. */
export async function sendSigned(
  server: S3Server,
  request: RawRequest,
  options: SigningOptions = {},
): Promise<RawAnswer> {
  const target = await presign(server, request, options);
  const headers = Object.entries(request.headers ?? {}).filter(([name]) => !/^x-amz-/i.test(name));
  return send(server, target, { ...request, headers: Object.fromEntries(headers) });
}
