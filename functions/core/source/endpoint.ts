import ipaddr from 'ipaddr.js';

/** The host of an S3 server, lower case, IPv6 without its brackets, and the port if one was given. */
export type Endpoint = { readonly host: string; readonly port?: number };

/** RFC 1035, section 2.3.4. */
const MAX_NAME_LENGTH = 253;
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Reads `host[:port]`: a DNS name, an IPv4 address in plain dotted decimal or an IPv6 address in brackets. Nothing is
 * looked up, and a private address is good syntax: whether it may be dialled is the endpoint guard's to say.
 *
 * Odd spellings of an IPv4 address (`127.1`, `0x7f.1`, `2130706433`, `0177.0.0.1`) are refused everywhere: the
 * resolver of the system would understand them, and they have no use but to pass a check.
 *
 * @returns the endpoint, or the reason why it is none, for the caller of the API.
 */
export function parseEndpoint(text: string): Endpoint | { readonly reason: string } {
  if (text === '') return { reason: 'must be host[:port], such as s3.eu-west-1.amazonaws.com' };
  if (/[/?#@\\]/.test(text)) {
    return { reason: 'must be host[:port] only, without a scheme, a path or a user; use_ssl chooses the scheme' };
  }
  const split = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(text);
  if (split === null) return { reason: 'must be host[:port]; an IPv6 address goes in brackets, a port is a number' };
  const port = split[2] === undefined ? undefined : Number(split[2]);
  if (port !== undefined && (port < 1 || port > 65535)) return { reason: 'must have a port of 1–65535' };
  const host = (split[1] ?? '').toLowerCase();
  const reason = host.startsWith('[') ? ipv6Problem(host) : nameProblem(host);
  if (reason !== undefined) return { reason };
  return { host: host.replace(/^\[|\]$/g, ''), ...(port === undefined ? {} : { port }) };
}

/** Why the text is no endpoint; undefined when it is one. See parseEndpoint. */
export function endpointProblem(text: string): string | undefined {
  const endpoint = parseEndpoint(text);
  return 'reason' in endpoint ? endpoint.reason : undefined;
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
    return 'must be a DNS name: labels of a–z, 0–9 and hyphen, 1–63 characters each, joined by single dots';
  }
  return undefined;
}
