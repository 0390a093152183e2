import type { Agent } from 'node:http';
import type { Socket } from 'node:net';
import type { Agents } from '../outbound/endpoint-guard.ts';

/** Servers close connections that were idle for so long, five seconds at the soonest (the default of Node): that says
 *  nothing. One that is closed sooner, without a word, was most likely closed because its server ended. */
const idleMs = 4_000;

/** Counts the connections that a server closed while they waited for their next request. */
export class ClosingWatch {
  readonly #now: () => number;
  readonly #freedAt = new WeakMap<Socket, number>();
  readonly #timedOut = new WeakSet<Socket>();
  closings = 0;

  /** @param now epoch milliseconds. */
  constructor({ httpAgent, httpsAgent }: Agents, now: () => number) {
    this.#now = now;
    for (const agent of [httpAgent, httpsAgent]) agent.on('free', (socket: Socket) => this.#noteFree(agent, socket));
  }

  #noteFree(agent: Agent, socket: Socket): void {
    if (!this.#freedAt.has(socket)) {
      // Before the agent's own listeners: they forget that it was free.
      socket.prependListener('timeout', () => this.#timedOut.add(socket));
      socket.prependListener('close', () => this.#noteClosed(agent, socket));
    }
    this.#freedAt.set(socket, this.#now());
  }

  #noteClosed(agent: Agent, socket: Socket): void {
    const isFree = Object.values(agent.freeSockets).some((sockets) => sockets?.includes(socket));
    const idle = this.#now() - (this.#freedAt.get(socket) ?? 0);
    if (isFree && idle < idleMs && !this.#timedOut.has(socket)) this.closings += 1;
  }
}
