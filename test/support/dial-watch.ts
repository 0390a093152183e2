import { BlockList, isIP, Socket } from 'node:net';

/** One address that a connection was about to be made to, and the name that it was found by. */
export type Dial = { readonly host: string; readonly address: string };

export type DialWatch = {
  readonly dials: Dial[];
  stop(): void;
};

type Lookup = (host: string, options: object, callback: (error: Error | null, found?: unknown) => void) => void;
type Target = { host?: string; lookup?: Lookup };

/**
 * Watches every socket of this process from below whatever guards it: each address that would be dialled is written
 * down, and only loopback is really dialled. All else is refused as by a closed port, so that no packet leaves this machine.
 */
export function watchDials(): DialWatch {
  const dials: Dial[] = [];
  const connect = Socket.prototype.connect;
  const watched = function (this: Socket, ...args: unknown[]): Socket {
    const [first] = args;
    const target = (Array.isArray(first) ? first[0] : first) as Target;
    const host = target.host ?? 'localhost';
    if (isIP(host) !== 0) {
      dials.push({ host, address: host });
      if (isLoopback(host)) return Reflect.apply(connect, this, args);
      queueMicrotask(() => this.destroy(refused()));
      return this;
    }
    const { lookup } = target;
    if (lookup === undefined) throw new Error(`${host} would be looked up by the system, past the guard`);
    target.lookup = (name, options, callback) =>
      lookup(name, options, (error, found, ...more: unknown[]) => {
        const addresses = error === null ? addressesOf(found) : [];
        dials.push(...addresses.map((address) => ({ host, address })));
        if (addresses.every(isLoopback)) Reflect.apply(callback, undefined, [error, found, ...more]);
        else callback(refused());
      });
    return Reflect.apply(connect, this, args);
  };
  Reflect.set(Socket.prototype, 'connect', watched);
  return { dials, stop: () => void Reflect.set(Socket.prototype, 'connect', connect) };
}

function addressesOf(found: unknown): string[] {
  return Array.isArray(found) ? found.map(({ address }) => String(address)) : [String(found)];
}

function refused(): Error {
  return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** By hand from IANA's registries of special-purpose addresses, not from the library that the guard judges by. */
const special = blockList([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/3'],
  ...['168.63.129.16/32', '::/3', '4000::/2', '8000::/1', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
]);

/** What may be dialled besides by whoever can be reached from nowhere else. */
const ownNetworks = blockList([
  ...['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '::1/128', 'fc00::/7'],
]);

const ofClouds = blockList([
  ...['100.100.100.200/32', 'fd00:ec2::/32', 'fd20:ce::/32', 'fd00:c1::a9fe:a9fe/128', 'fd00:42::42/128'],
  ...['fd00:a9fe:a9fe::1/128', 'fd00:100::100:200/128'],
]);

/** True for what may not be dialled: never, or only where private addresses may be. */
export function isForbidden(address: string, privateAllowed: boolean): boolean {
  const plain = unmapped(address);
  const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(plain) === 0 || ofClouds.check(plain, family)) return true;
  if (privateAllowed && ownNetworks.check(plain, family)) return false;
  return special.check(plain, family);
}

function unmapped(address: string): string {
  if (isIP(address) !== 6) return address;
  const written = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(written) ?? [];
  if (high === undefined || low === undefined) return address;
  const bytes = [high, low].map((part) => Number.parseInt(part, 16)).flatMap((part) => [part >> 8, part & 255]);
  return bytes.join('.');
}

/** A list for each family, for one alone would take every IPv4 address for its mapped form, and that for one of ::/3. */
function blockList(networks: readonly string[]): { check(address: string, family: 'ipv4' | 'ipv6'): boolean } {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    lists[family].addSubnet(address, Number(bits), family);
  }
  return { check: (address, family) => lists[family].check(address, family) };
}
