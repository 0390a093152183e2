import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** One request that came by, and how it was answered. */
export type Exchange = {
  readonly method: string;
  readonly path: string;
  /** The first part of the answer, from its first line. */
  answer: string;
};

/** How often Stocktake asked what of a server. */
export type Counts = {
  lists: number;
  /** Lists that begin at a key: start-after or marker. */
  listsFromKey: number;
  heads: number;
};

/** A door before a server, through which all goes unchanged, and at which somebody counts. */
export type WatchedServer = {
  readonly host: string;
  /** What was asked since it opened, or since an earlier count. */
  counts(since?: Counts): Counts;
  /** The last requests and their answers, newest last. */
  lastExchanges(): readonly Exchange[];
  /** Held up until this settles, before the server is asked: for a page that comes late. */
  holdUp: ((path: string) => Promise<void>) | undefined;
  close(): Promise<void>;
};

const KEPT_EXCHANGES = 5;
const KEPT_CHARACTERS = 700;

/** Opens a door on 127.0.0.1 before the server at `target` (`host:port`). What goes through it is not touched. */
export async function watchServer(target: string): Promise<WatchedServer> {
  const exchanges: Exchange[] = [];
  const sockets = new Set<Socket>();
  const watched: Watched = {
    counts: noCounts(),
    holdUp: undefined,
    note(exchange) {
      exchanges.push(exchange);
      if (exchanges.length > KEPT_EXCHANGES) exchanges.shift();
    },
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    letThrough(socket, target, watched);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    host: `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    counts: (since = noCounts()) => difference(watched.counts, since),
    lastExchanges: () => exchanges,
    get holdUp() {
      return watched.holdUp;
    },
    set holdUp(wait) {
      watched.holdUp = wait;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

type Watched = { readonly counts: Counts; holdUp: WatchedServer['holdUp']; note(exchange: Exchange): void };

/** The first line of a request. Stocktake sends heads alone, for it only reads. */
const REQUEST = /^([A-Z]+) (\S+) HTTP\/1\.1$/m;

/** Bytes as they are, so that whatever is odd about an answer stays so. */
function letThrough(socket: Socket, target: string, watched: Watched): void {
  const [host = '', port = ''] = target.split(':');
  const onward = connect(Number(port), host);
  let current: Exchange | undefined;
  let waiting: Promise<void> = Promise.resolve();
  socket.on('data', (chunk) => {
    const [, method = '', path = ''] = REQUEST.exec(chunk.toString('latin1')) ?? [];
    if (method !== '') {
      current = { method, path, answer: '' };
      count(watched.counts, method, path);
      watched.note(current);
    }
    waiting = waiting.then(() => watched.holdUp?.(path)).then(() => void onward.write(chunk));
  });
  onward.on('data', (chunk) => {
    if (current !== undefined && current.answer.length < KEPT_CHARACTERS) current.answer += chunk.toString('utf8');
    socket.write(chunk);
  });
  onward.once('end', () => socket.end());
  socket.once('end', () => onward.end());
  for (const [one, other] of [[socket, onward] as const, [onward, socket] as const]) {
    one.once('error', () => other.destroy()).once('close', () => other.destroySoon());
  }
}

function noCounts(): Counts {
  return { lists: 0, listsFromKey: 0, heads: 0 };
}

function difference(now: Counts, before: Counts): Counts {
  return {
    lists: now.lists - before.lists,
    listsFromKey: now.listsFromKey - before.listsFromKey,
    heads: now.heads - before.heads,
  };
}

function count(counts: Counts, method: string, url: string): void {
  const [path = '', query = ''] = url.split('?');
  const parameters = new URLSearchParams(query);
  if (method === 'HEAD') counts.heads += 1;
  // A bucket alone, and no object of it.
  const isList = method === 'GET' && path.split('/').filter((part) => part !== '').length <= 1;
  if (!isList) return;
  counts.lists += 1;
  if (parameters.has('start-after') || parameters.has('marker')) counts.listsFromKey += 1;
}
