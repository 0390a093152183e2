import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { Failure } from '#core/model/errors.ts';
import { sourceAddress } from '#http/steps/source-address.ts';
import { toHttpEvent } from '#http/table/http-event.ts';
import { networks as asRead } from '../../functions/handlers/runtime/networks.ts';

const from = (sourceIp: string, headers: Record<string, string> = {}) =>
  toHttpEvent(
    {
      ...{ rawPath: '/_health', rawQueryString: '', headers },
      requestContext: { requestId: 'r', http: { method: 'GET', path: '/_health', sourceIp } },
    } as unknown as APIGatewayProxyEventV2,
    0,
  );

/** What the step says of a request: undefined lets it pass. */
function answer(allowed: string[], event: ReturnType<typeof from>): unknown {
  try {
    sourceAddress(allowed).before?.({ event } as never);
    return undefined;
  } catch (error) {
    return error instanceof Failure ? error.code : error;
  }
}

const office = ['203.0.113.0/24', '2001:db8::/32', '198.51.100.7/32'];

describe('the address that a request comes from', () => {
  test.each(['203.0.113.0', '203.0.113.255', '198.51.100.7', '2001:db8:1::9', '::ffff:203.0.113.9'])(
    'given %s in an allowed network, it passes',
    (address) => expect(answer(office, from(address))).toBeUndefined(),
  );

  test.each(['203.0.114.0', '198.51.100.8', '2001:db9::1', '::203.0.113.9', '', 'unknown', '203.0.113', '0'])(
    'given %j in none, it is refused',
    (address) => expect(answer(office, from(address))).toBe('permission_denied'),
  );

  test('given a header that names an allowed address, the address of the connection counts', () => {
    const headers = { 'x-forwarded-for': '203.0.113.9', 'x-real-ip': '203.0.113.9', forwarded: 'for=203.0.113.9' };
    expect(answer(office, from('192.0.2.1', headers))).toBe('permission_denied');
  });

  test('given no networks, everybody passes', () => expect(answer([], from('unknown'))).toBeUndefined());

  test('given 0.0.0.0/0, every address of version 4 passes and none of version 6', () => {
    expect(answer(['0.0.0.0/0'], from('192.0.2.1'))).toBeUndefined();
    expect(answer(['0.0.0.0/0'], from('2001:db8::1'))).toBe('permission_denied');
  });
});

test.each(['10.0.0.5/8', '203.0.113.9', '10.0.0.0/33', '10.0.0.0/', 'fe80::%1/64', '010.0.0.0/8', '2001:db8::1/32'])(
  'given %s as a network, it is refused: it may mean another than it says',
  (text) => expect(asRead.safeParse(text).success).toBe(false),
);
