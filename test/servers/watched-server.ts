import { once } from 'node:events';
import { createServer, request as dial, type IncomingMessage, type ServerResponse } from 'node:http';

/** One request that came by, and how it was answered. */
export type Exchange = {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** The first part of the body. */
  readonly body: string;
};

/** What Stocktake asked of a server. */
export type Counts = {
  lists: number;
  /** Lists that begin at a key: start-after or marker. */
  listsFromKey: number;
  /** Lists of one key, as a probe for a place to cut, a test or a confirmation asks. */
  shortLists: number;
  heads: number;
  gets: number;
};

/** A door before a server, through which all goes unchanged, and at which somebody counts. */
export type WatchedServer = {
  readonly host: string;
  /** Counts from here on, from zero. */
  readonly counts: Counts;
  countAnew(): void;
  /** The last requests and their answers, newest last. */
  lastExchanges(): readonly Exchange[];
  /** Held up until this settles, before the server is asked: for a page that comes late. */
  holdUp: ((path: string) => Promise<void>) | undefined;
  close(): Promise<void>;
};

const KEPT_EXCHANGES = 5;
const KEPT_CHARACTERS = 700;

/** Opens a door on 127.0.0.1 before the server at `target` (`host:port`). Signatures stay right: the Host goes through. */
export async function watchServer(target: string): Promise<WatchedServer> {
  const exchanges: Exchange[] = [];
  let counts = noCounts();
  const watched = { holdUp: undefined as WatchedServer['holdUp'] };
  const server = createServer((request, response) => {
    count(counts, request.method ?? '', request.url ?? '');
    void forward(target, request, response, watched).then((exchange) => {
      if (exchange !== undefined) exchanges.push(exchange);
      if (exchanges.length > KEPT_EXCHANGES) exchanges.shift();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    host: `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    get counts() {
      return counts;
    },
    countAnew() {
      counts = noCounts();
    },
    lastExchanges: () => exchanges,
    get holdUp() {
      return watched.holdUp;
    },
    set holdUp(wait) {
      watched.holdUp = wait;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function noCounts(): Counts {
  return { lists: 0, listsFromKey: 0, shortLists: 0, heads: 0, gets: 0 };
}

function count(counts: Counts, method: string, url: string): void {
  const [path = '', query = ''] = url.split('?');
  const parameters = new URLSearchParams(query);
  const isList = method === 'GET' && path.split('/').filter((part) => part !== '').length <= 1;
  if (method === 'HEAD') counts.heads += 1;
  else if (!isList) counts.gets += 1;
  if (!isList) return;
  counts.lists += 1;
  if (parameters.has('start-after') || parameters.has('marker')) counts.listsFromKey += 1;
  if (parameters.get('max-keys') === '1') counts.shortLists += 1;
}

/** Resolves once the answer is through, or the connection broke on either side. */
async function forward(
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
  watched: Pick<WatchedServer, 'holdUp'>,
): Promise<Exchange | undefined> {
  const { method = '', url: path = '' } = request;
  await watched.holdUp?.(path);
  const [host = '', port = ''] = target.split(':');
  return new Promise((resolve) => {
    const onward = dial({ host, port, method, path, headers: request.headers, setHost: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      let body = '';
      answer.on('data', (chunk: Buffer) => {
        if (body.length < KEPT_CHARACTERS) body = `${body}${chunk}`.slice(0, KEPT_CHARACTERS);
      });
      answer
        .once('error', () => response.destroy())
        .once('close', () => {
          resolve({ method, path, status: answer.statusCode ?? 0, body });
        });
      answer.pipe(response);
    });
    onward.once('error', () => {
      response.destroy();
      resolve(undefined);
    });
    request.once('error', () => onward.destroy()).pipe(onward);
  });
}
