import { isAwsHost } from './aws-host.ts';
import { parseEndpoint } from './endpoint.ts';

/** True of every server but AWS's own: what a listing may be forgiven hangs on it. Empty is AWS's endpoint of the region. */
export function isForeign(endpoint: string): boolean {
  if (endpoint === '') return false;
  const parsed = parseEndpoint(endpoint);
  return 'reason' in parsed || !isAwsHost(parsed.host);
}
