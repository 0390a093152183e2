import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How an asking ends: with keys, with an error of STS, or with whatever else there is. */
export type StsAnswer =
  | { readonly keys: { readonly expiresInSeconds: number; readonly name?: string } }
  | { readonly status: number; readonly code: string }
  | { readonly status: number; readonly body: string };

export type FakeSts = {
  readonly url: string;
  /** The fields of each request, in order, and who signed it. */
  readonly asked: (Record<string, string> & { readonly signer: string })[];
  answer: StsAnswer;
  close(): Promise<void>;
};

/** What the errors of STS say besides their code: nothing that may be repeated. */
export const stsMessage = 'User: arn:aws:sts::1:assumed-role/x is not authorized, token IQoJb3JpZ2luX2Vj';

/** The AssumeRole of STS on loopback: its query protocol and its XML, with answers as they are set. */
export async function startFakeSts(): Promise<FakeSts> {
  const server = createServer(async (request, response) => {
    const fields = Object.fromEntries(new URLSearchParams(await bodyOf(request)));
    const signer = /Credential=([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? '';
    fake.asked.push({ ...fields, signer });
    const { status, body } = written(fake.answer);
    response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeSts = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    answer: { keys: { expiresInSeconds: 3600 } },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

const namespace = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"';

function written(answer: StsAnswer): { status: number; body: string } {
  if ('body' in answer) return answer;
  if ('code' in answer) {
    const error = `<Error><Type>Sender</Type><Code>${answer.code}</Code><Message>${stsMessage}</Message></Error>`;
    return { status: answer.status, body: `<ErrorResponse ${namespace}>${error}</ErrorResponse>` };
  }
  const { expiresInSeconds, name = 'one' } = answer.keys;
  const keys = {
    AccessKeyId: `ASIA-${name}`,
    SecretAccessKey: `secret-${name}`,
    SessionToken: `token-${name}`,
    Expiration: new Date(Date.now() + expiresInSeconds * 1000).toISOString(),
  };
  const inside = Object.entries(keys).map(([tag, text]) => `<${tag}>${text}</${tag}>`);
  const result = `<AssumeRoleResult><Credentials>${inside.join('')}</Credentials></AssumeRoleResult>`;
  return { status: 200, body: `<AssumeRoleResponse ${namespace}>${result}</AssumeRoleResponse>` };
}
