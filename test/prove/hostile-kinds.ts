import { type Hostility, hostileAnswers, startHostileServer } from '#support/hostile-server.ts';
import { type HostileHandshake, hostileHandshakes, startHostileTlsServer } from '#support/hostile-tls-server.ts';
import { moreHostileAnswers } from '#support/more-hostile-answers.ts';

const plainAnswers = { ...hostileAnswers, ...moreHostileAnswers };
const plainKinds = Object.keys(plainAnswers) as Hostility[];
const handshakeKinds = Object.keys(hostileHandshakes) as HostileHandshake[];

/** Every way to be hostile that there is. */
export const hostileKinds: readonly string[] = [...plainKinds, ...handshakeKinds];

/** Of ten servers one speaks no HTTP and breaks the handshake of TLS. */
const oneInTls = 10;

export type Neighbours = {
  readonly all: readonly { readonly id: string; readonly endpoint: string; readonly ssl: boolean }[];
  /** Kinds that a request was answered with. */
  kindsServed(): number;
  requests(): number;
  close(): Promise<void>;
};

/** Starts so many servers, each of another kind, and of the next one after each `kindMs` milliseconds. */
export async function startHostileNeighbours(count: number, kindMs: number): Promise<Neighbours> {
  const served = new Set<string>();
  let requests = 0;
  const began = Date.now();
  const kindFor = <Kind extends string>(kinds: readonly Kind[], index: number): Kind => {
    const turn = Math.floor((Date.now() - began) / kindMs);
    const kind = kinds[(index + turn * 7) % kinds.length] as Kind;
    served.add(kind);
    requests += 1;
    return kind;
  };
  const servers = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const ssl = index % oneInTls === oneInTls - 1;
      const server = ssl
        ? await startHostileTlsServer(() => kindFor(handshakeKinds, index))
        : await startHostileServer((...request) => plainAnswers[kindFor(plainKinds, index)]?.(...request));
      return { id: `hostile-${index}`, endpoint: server.endpoint, ssl, close: () => server.close() };
    }),
  );
  return {
    all: servers,
    kindsServed: () => served.size,
    requests: () => requests,
    close: async () => void (await Promise.all(servers.map((server) => server.close()))),
  };
}
