import type { IncomingMessage } from 'node:http';

const loopbackHost = /^(localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?$/i;

/**
 * Why a request to a server without keys is refused; undefined if it may pass. Any web page can make a browser on this
 * machine send requests here, also a page that another program on this machine serves. A page whose name points to
 * 127.0.0.1 comes with that name as Host (DNS rebinding); any other with its Origin, with `Sec-Fetch-Site`, or with both.
 * Content types are not judged: `curl -d` sends the one of forms.
 */
export function loopbackProblem({
  headersDistinct: headers,
}: Pick<IncomingMessage, 'headersDistinct'>): string | undefined {
  const [host = '', ...moreHosts] = headers.host ?? [];
  if (moreHosts.length > 0 || !loopbackHost.test(host)) {
    return 'this server answers only to localhost, 127.0.0.1 and [::1]: it has no API keys; configure keys to reach it by another name';
  }
  const own = `http://${host}`.toLowerCase();
  if (headers.origin?.some((origin) => origin.toLowerCase() !== own)) {
    return `this server takes no requests from web pages of other origins than ${own}: it has no API keys`;
  }
  if (headers['sec-fetch-site']?.some((site) => site !== 'same-origin' && site !== 'none')) {
    return 'this server takes no requests that another web site makes a browser send: it has no API keys';
  }
  return undefined;
}

/** True for the addresses that only this machine can reach. */
export function isLoopbackHost(host: string): boolean {
  return loopbackHost.test(host.includes(':') ? `[${host.replace(/^\[|\]$/g, '')}]` : host);
}
