import { createServer, type Socket } from 'node:net';

/** What a server can do to whoever begins TLS with it. */
export const hostileHandshakes = {
  'tls-silence': () => undefined,
  'tls-drip': (socket: Socket) => {
    // The head of a record that announces 16 KiB, and then a byte at a time.
    socket.write(Buffer.from([0x16, 0x03, 0x03, 0x40, 0x00]));
    const timer = setInterval(() => socket.write(Buffer.from([0x02])), 200);
    socket.on('close', () => clearInterval(timer));
  },
  'tls-nonsense': (socket: Socket) => void socket.write('220 mail.example.org ESMTP\r\n'),
  'tls-reset': (socket: Socket) => void socket.resetAndDestroy(),
  'tls-flood': (socket: Socket) => {
    // Records that say nothing, one after the other.
    const piece = Buffer.concat(Array.from({ length: 4096 }, () => Buffer.from([0x14, 0x03, 0x03, 0x00, 0x01, 0x01])));
    const send = (): void => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on('drain', send);
    send();
  },
} satisfies Readonly<Record<string, (socket: Socket) => void>>;

export type HostileHandshake = keyof typeof hostileHandshakes;

/** Listens on 127.0.0.1 and answers the first bytes of each connection in the way that `kind` says at that moment. */
export async function startHostileTlsServer(kind: () => HostileHandshake) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    socket.once('data', () => hostileHandshakes[kind()](socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    endpoint: `127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
