import type { MiddlewareObj } from '@middy/core';
import ipaddr from 'ipaddr.js';
import { Failure } from '#core/model/errors.ts';
import type { HttpEvent } from '../table/http-event.ts';

/**
 * Refuses whoever calls from outside of these networks, before any other look at the request; none allow everybody. The
 * address is that of the connection, as API Gateway saw it: a header such as X-Forwarded-For is the caller's to write.
 */
export function sourceAddress(networks: readonly string[]): MiddlewareObj<HttpEvent> {
  const allowed = networks.map((network) => ipaddr.parseCIDR(network));
  return {
    before: ({ event }) => {
      if (allowed.length === 0) return;
      const { sourceIp } = event.requestContext.http;
      if (isIn(allowed, sourceIp)) return;
      throw new Failure('permission_denied', 'this API does not answer the address that the request came from');
    },
  };
}

function isIn(networks: readonly ReturnType<typeof ipaddr.parseCIDR>[], text: string): boolean {
  const isWritten = text.includes(':') ? ipaddr.IPv6.isValid(text) : ipaddr.IPv4.isValidFourPartDecimal(text);
  if (!isWritten) return false;
  // `::ffff:203.0.113.9` is 203.0.113.9, and `::203.0.113.9`, which the library takes for the same, is not.
  if (/^::[\d.]*\.\d+$/.test(text)) return false;
  const address = ipaddr.process(text);
  return networks.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
}
