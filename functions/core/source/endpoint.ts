import ipaddr from 'ipaddr.js';
import { isAwsHost } from './aws-host.ts';

/** Who is dialled: the host in lower case, IPv6 without its brackets, a name without its last dot; the port if one was given. */
export type Authority = { readonly host: string; readonly port?: number };

/** Where an S3 server is. The path begins with a slash and ends without one; absent where the server has the whole host. */
export type Endpoint = Authority & { readonly path?: string };

/** RFC 1035, section 2.3.4. */
const MAX_NAME_LENGTH = 253;
/** Underscores are no part of a host's name (RFC 952), but stand in names that private networks give their servers. */
const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** Those that no URL reader, proxy or signature writes in another way. A segment of dots alone would change the path. */
const pathSegment = /^(?!\.+$)[A-Za-z0-9._~-]{1,128}$/;
const MAX_PATH_LENGTH = 512;

type Refused = { readonly reason: string };

/**
 * Reads `host[:port]`: a DNS name, an IPv4 address in plain dotted decimal or an IPv6 address in brackets. Nothing is
 * looked up, and a private address is good syntax: whether it may be dialled is the endpoint guard's to say.
 *
 * Odd spellings of an IPv4 address (`127.1`, `0x7f.1`, `2130706433`, `0177.0.0.1`) are refused everywhere: the
 * resolver of the system would understand them, and they have no use but to pass a check. The dot that may end a name
 * or an address is taken off, so that what is judged, dialled, named to TLS and sent as Host is one and the same text.
 *
 * @returns the authority, or the reason why it is none, for the caller of the API.
 */
export function parseAuthority(text: string): Authority | Refused {
  if (text === '') return { reason: 'must be host[:port], such as s3.eu-west-1.amazonaws.com' };
  if (/[/?#@\\]/.test(text)) return { reason: 'must be host[:port] only, without a scheme, a path or a user' };
  const split = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(text);
  if (split === null) return { reason: 'must be host[:port]; an IPv6 address goes in brackets, a port is a number' };
  const port = split[2] === undefined ? undefined : Number(split[2]);
  if (port !== undefined && (port < 1 || port > 65535)) return { reason: 'must have a port of 1–65535' };
  const host = withoutLastDot((split[1] ?? '').toLowerCase());
  const reason = host.startsWith('[') ? ipv6Problem(host) : nameProblem(host);
  if (reason !== undefined) return { reason };
  return { host: host.replace(/^\[|\]$/g, ''), ...(port === undefined ? {} : { port }) };
}

/**
 * Reads `host[:port][/path]`: parseAuthority says what a host may be. A path is for servers that keep S3 below one, and
 * is refused at AWS's hosts: there its first part would be taken for the bucket.
 *
 * @returns the endpoint, or the reason why it is none, for the caller of the API.
 */
export function parseEndpoint(text: string): Endpoint | Refused {
  if (/^[^/]*:\/\/|^\/|[?#@\\]/.test(text)) {
    return {
      reason:
        'must be host[:port], with the path of the server behind it if it has one, without a scheme, a user or a query; use_ssl chooses the scheme',
    };
  }
  const { authority, path } = splitEndpoint(text);
  const parsed = parseAuthority(authority);
  if ('reason' in parsed || path === '') return parsed;
  const reason = pathProblem(path, parsed.host);
  return reason === undefined ? { ...parsed, path } : { reason };
}

/** Why the text is no endpoint; undefined when it is one. See parseEndpoint. */
export function endpointProblem(text: string): string | undefined {
  const endpoint = parseEndpoint(text);
  return 'reason' in endpoint ? endpoint.reason : undefined;
}

/** Why the text is no `host[:port]`; undefined when it is. See parseAuthority. */
export function authorityProblem(text: string): string | undefined {
  const authority = parseAuthority(text);
  return 'reason' in authority ? authority.reason : undefined;
}

/** The endpoint as it was written, without a slash at its end and a dot at the end of its host: these mean nothing. */
export function tidyEndpoint(text: string): string {
  const { authority, path } = splitEndpoint(text);
  const colon = authority.startsWith('[') ? -1 : authority.indexOf(':');
  const host = colon === -1 ? authority : authority.slice(0, colon);
  return `${withoutLastDot(host)}${authority.slice(host.length)}${path}`;
}

/** The same for all spellings of one endpoint: case means nothing in a host, and tells paths apart. */
export function endpointIdentity(text: string): string {
  const { authority, path } = splitEndpoint(tidyEndpoint(text));
  return `${authority.toLowerCase()}${path}`;
}

function splitEndpoint(text: string): { readonly authority: string; readonly path: string } {
  const slash = text.indexOf('/');
  if (slash === -1) return { authority: text, path: '' };
  return { authority: text.slice(0, slash), path: text.slice(slash, text.endsWith('/') ? -1 : undefined) };
}

function withoutLastDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

function pathProblem(path: string, host: string): string | undefined {
  if (isAwsHost(host)) return "must have no path: AWS's hosts have none, and the bucket goes into the field of its own";
  const segments = path.slice(1).split('/');
  if (path.length <= MAX_PATH_LENGTH && segments.every((segment) => pathSegment.test(segment))) return undefined;
  return (
    `must have a path of a–z, A–Z, 0–9, ".", "_", "~" and "-" between single slashes, at most ${MAX_PATH_LENGTH} ` +
    'characters, without "." or ".." as a part of it'
  );
}

function ipv6Problem(host: string): string | undefined {
  const inner = host.slice(1, -1);
  // A zone (`%eth0`) names an interface of this machine: nothing that a public server has.
  const plain = /^[0-9a-f:.]+$/.test(inner) && ipaddr.IPv6.isValid(inner);
  const tail = inner.slice(inner.lastIndexOf(':') + 1);
  if (plain && (!tail.includes('.') || ipaddr.IPv4.isValidFourPartDecimal(tail))) return undefined;
  return 'must have a valid IPv6 address in its brackets';
}

function nameProblem(host: string): string | undefined {
  const labels = host.split('.');
  const last = labels.at(-1) ?? '';
  // The rule of the URL standard: a name whose last label reads as a number is an IPv4 address.
  if (/^(\d+|0x[0-9a-f]*)$/.test(last)) {
    const plain = ipaddr.IPv4.isValidFourPartDecimal(host);
    return plain ? undefined : 'must write an IPv4 address as four decimal numbers, such as 203.0.113.9';
  }
  if (host.length > MAX_NAME_LENGTH || !labels.every((part) => label.test(part))) {
    return 'must be a DNS name: labels of a–z, 0–9, underscore and hyphen, 1–63 characters each, joined by single dots';
  }
  return undefined;
}
