import { lookup as systemLookup } from 'node:dns/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Failure } from '#core/model/errors.ts';
import { type Authority, type Endpoint, parseAuthority, parseEndpoint } from '#core/source/endpoint.ts';
import { OutOfTime, withinDeadline } from './deadline.ts';

/** Addresses of a name, as the system's resolver gives them. */
export type Lookup = (hostname: string) => Promise<readonly { address: string; family: number }[]>;

/** Which addresses may be dialled: those of the public Internet, or also those of one's own networks. */
export type Reach = 'public' | 'private';

export type Agents = { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpsAgent };

/** The one answer to every endpoint that may not be dialled, so that it tells nothing about the network behind. */
export function endpointRefused(authority?: Authority): Failure {
  return new Failure(
    'endpoint_refused',
    'This endpoint may not be used. It must be the host[:port] of an S3 server, and its name must lead to public ' +
      `addresses alone; whoever runs Stocktake can allow private ones by name: ${privateEndpointSetting(authority)}. ` +
      'Addresses at which clouds serve credentials are never allowed.',
  );
}

/** What allows a private endpoint, ready to paste. */
export function privateEndpointSetting(authority: Authority = { host: 'host:port' }): string {
  const { host, port } = authority;
  const isIpv6 = isIP(host) === 6;
  const entry = `${isIpv6 ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`;
  // A shell would take the brackets for a pattern, and zsh end the command over it.
  const quoted = isIpv6 ? `'${entry}'` : entry;
  return `STOCKTAKE_PRIVATE_ENDPOINTS=${quoted} for npm start, -c privateEndpoints=${quoted} for a deployment`;
}

/**
 * Reads an endpoint and says how far its connections may reach. Its host and port are judged; a path changes nothing.
 *
 * @param allowed true: loopback and private addresses may be dialled (a server on one's own machine). A list: only by
 * the endpoints on it, `host` for any port or `host:port`. false: by none.
 * @throws Failure `endpoint_refused`, also for what is no endpoint at all; nothing was looked up or dialled by then.
 */
export function admitEndpoint(
  text: string,
  useSsl: boolean,
  allowed: boolean | readonly string[],
): { endpoint: Endpoint; reach: Reach } {
  const endpoint = parseEndpoint(text);
  if ('reason' in endpoint) throw endpointRefused();
  const reach = mayReachPrivate(endpoint, useSsl, allowed) ? 'private' : 'public';
  const local = endpoint.host === 'localhost' || endpoint.host.endsWith('.localhost');
  if (local ? reach === 'public' : !mayDialHost(endpoint.host, reach)) throw endpointRefused(endpoint);
  return { endpoint, reach };
}

/** How the agents' connections are made; whatever is not said is as on a system. */
export type AgentOptions = {
  readonly lookup?: Lookup | undefined;
  /** After which a connection that nobody uses is closed, milliseconds. */
  readonly idleMs?: number | undefined;
  /** Refusals of names come at whole multiples of it after the question, milliseconds: 1,000. */
  readonly refusalMs?: number | undefined;
  /** Whether a name is nobody's choice, so that it may be said that it does not exist. */
  readonly ownNames?: boolean;
  /** As the user wrote it, for the refusals: a bucket may stand before its host in the name that is dialled. */
  readonly endpoint?: Authority | undefined;
};

/**
 * Keep-alive agents that connect only to addresses within reach: names are checked when they are resolved, each time,
 * and the checked addresses are the ones dialled; address literals, which never reach a lookup, before the dial. Where
 * only public addresses may be dialled, a name that does not exist is refused like one that leads inside, in the same
 * words and after the same time: which names a private network has is nobody's business.
 */
export function guardedAgents(reach: Reach, settings: AgentOptions = {}): Agents {
  const { idleMs = 10_000 } = settings;
  // More sockets than the 16 streams of one invocation would never be used. The timeout closes unused ones only.
  const options = { keepAlive: true, maxSockets: 32, timeout: idleMs, lookup: guardedLookup(reach, settings) };
  const refuse = { reach, endpoint: settings.endpoint };
  return { httpAgent: new GuardedHttpAgent(options, refuse), httpsAgent: new GuardedHttpsAgent(options, refuse) };
}

/** True if the address, an IPv4 or IPv6 literal, may be dialled. What cannot be read may not. */
export function mayDial(address: string, reach: Reach): boolean {
  const literal = isIP(address) === 6 ? hexadecimal(address) : address;
  if (isIP(literal) === 0 || !ipaddr.isValid(literal)) return false;
  // Unwraps IPv4-mapped addresses; the other embeddings (NAT64, 6to4, Teredo, compatible) are not public.
  const parsed = ipaddr.process(literal);
  if (ofClouds.some((net) => parsed.kind() === net[0].kind() && parsed.match(net))) return false;
  const range: string = parsed.range();
  if (reach === 'private' && ownNetworks.has(range)) return true;
  if (range !== 'unicast') return false;
  // For ipaddr.js all that has no name is unicast; only 2000::/3 is given out (RFC 4291, section 2.4).
  return parsed.kind() === 'ipv4' || parsed.match(globalUnicast);
}

/** ipaddr.js takes `::8.8.8.8` for 8.8.8.8, which is not where it leads; written without dots it is not mistaken. */
function hexadecimal(address: string): string {
  return address.includes('%') ? '' : new URL(`http://[${address}]`).hostname.slice(1, -1);
}

/**
 * Where clouds serve credentials and settings of the machine beside 169.254.0.0/16 and fe80::/10: never dialled, in any
 * mode. Single addresses where others may have given themselves their neighbours.
 */
const ofClouds = [
  // AWS: ::254, and ::23 for pods.
  'fd00:ec2::/32',
  // Google.
  'fd20:ce::/32',
  // Oracle.
  'fd00:c1::a9fe:a9fe/128',
  // Akamai.
  'fd00:a9fe:a9fe::1/128',
  // Scaleway.
  'fd00:42::42/128',
  // Alibaba.
  '100.100.100.200/32',
  'fd00:100::100:200/128',
  // Azure.
  '168.63.129.16/32',
].map((net) => ipaddr.parseCIDR(net));

const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/** Without linkLocal: that is where clouds serve the credentials of the machine, and no S3 server lives there. */
const ownNetworks = new Set<string>(['loopback', 'private', 'uniqueLocal', 'carrierGradeNat']);

function mayReachPrivate(endpoint: Endpoint, useSsl: boolean, allowed: boolean | readonly string[]): boolean {
  if (typeof allowed === 'boolean') return allowed;
  const port = endpoint.port ?? (useSsl ? 443 : 80);
  return allowed.some((entry) => {
    const parsed = parseAuthority(entry);
    if ('reason' in parsed) {
      throw new Failure('invalid_request', `The allowed private endpoint ${JSON.stringify(entry)} ${parsed.reason}`);
    }
    return parsed.host === endpoint.host && (parsed.port === undefined || parsed.port === port);
  });
}

/** A name passes here and is judged when it is resolved. */
function mayDialHost(host: string, reach: Reach): boolean {
  const literal = isIP(host) !== 0 || host.includes(':');
  return literal ? mayDial(host, reach) : true;
}

async function resolve(hostname: string): Promise<readonly { address: string; family: number }[]> {
  return await systemLookup(hostname, { all: true });
}

/** Twice what the system's resolver waits for one name server (`timeout` in resolv.conf(5)). */
const LOOKUP_MS = 10_000;

/** One address out of reach refuses the whole answer: a name that points inside has no business here. */
function guardedLookup(reach: Reach, settings: AgentOptions): LookupFunction {
  const { lookup = resolve, refusalMs = 1000, ownNames = false } = settings;
  return (hostname, options, callback) => {
    const asked = performance.now();
    const refuse = (): void => {
      const wait = refusalMs - ((performance.now() - asked) % refusalMs);
      setTimeout(() => callback(endpointRefused(settings.endpoint ?? { host: hostname }), ''), wait);
    };
    withinDeadline(LOOKUP_MS, () => lookup(hostname)).then(
      (addresses) => {
        const wanted = addresses.filter(({ family }) => !options.family || familyOf(options.family) === family);
        const [first] = wanted;
        if (!addresses.every(({ address }) => mayDial(address, reach))) refuse();
        else if (first === undefined) callback(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '');
        else if (options.all) callback(null, [...wanted]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOTFOUND' && reach === 'public' && !ownNames) refuse();
        else callback(error instanceof OutOfTime ? noAnswerYet() : error, '');
      },
    );
  };
}

/** In the system resolver's own words. */
function noAnswerYet(): NodeJS.ErrnoException {
  return Object.assign(new Error('no answer of the resolver in time'), { code: 'EAI_AGAIN' });
}

function familyOf(family: number | 'IPv4' | 'IPv6'): number {
  if (family === 'IPv4') return 4;
  return family === 'IPv6' ? 6 : family;
}

type Dial<Agent extends { createConnection(...args: never[]): unknown }> = Parameters<Agent['createConnection']>;

type DialLimit = { readonly reach: Reach; readonly endpoint: Authority | undefined };

class GuardedHttpAgent extends HttpAgent {
  readonly #limit: DialLimit;

  constructor(options: ConstructorParameters<typeof HttpAgent>[0], limit: DialLimit) {
    super(options);
    this.#limit = limit;
  }

  override createConnection(...[options, callback]: Dial<HttpAgent>): ReturnType<HttpAgent['createConnection']> {
    refuseLiteral(options.host, this.#limit);
    return super.createConnection(options, callback);
  }
}

class GuardedHttpsAgent extends HttpsAgent {
  readonly #limit: DialLimit;

  constructor(options: ConstructorParameters<typeof HttpsAgent>[0], limit: DialLimit) {
    super(options);
    this.#limit = limit;
  }

  override createConnection(...[options, callback]: Dial<HttpsAgent>): ReturnType<HttpsAgent['createConnection']> {
    refuseLiteral(options.host, this.#limit);
    return super.createConnection(options, callback);
  }
}

function refuseLiteral(host: string | null | undefined, { reach, endpoint }: DialLimit): void {
  if (host && !mayDialHost(host, reach)) throw endpointRefused(endpoint ?? { host });
}
