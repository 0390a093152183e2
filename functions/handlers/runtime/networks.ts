import ipaddr from 'ipaddr.js';
import * as z from 'zod';

const rule = 'must be a network by its first address, such as 203.0.113.0/24, or 203.0.113.9/32 for one address';

/**
 * The bits behind the prefix must be zero: whoever writes 10.0.0.5/8 may mean another network than all of 10. Nor may a number
 * begin with a zero, which some read as octal.
 */
function isNetwork(text: string): boolean {
  const [written = ''] = text.split('/');
  const family = written.includes(':') ? ipaddr.IPv6 : ipaddr.IPv4;
  if (/%/.test(written) || !family.isValidCIDR(text)) return false;
  if (family === ipaddr.IPv4 && !ipaddr.IPv4.isValidFourPartDecimal(written)) return false;
  const [address] = ipaddr.parseCIDR(text);
  return address.toNormalizedString() === family.networkAddressFromCIDR(text).toNormalizedString();
}

/** Networks, comma separated; may be empty. */
export const networks = z
  .string()
  .transform((text) => text.split(',').filter((each) => each !== ''))
  .pipe(z.array(z.string().refine(isNetwork, rule)));
