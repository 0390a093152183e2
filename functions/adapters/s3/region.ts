import type { S3Client } from '@aws-sdk/client-s3';
import type { RawAnswer } from './raw-answer.ts';
import { isRefusalOfRequest } from './source-failures.ts';

/** What S3-compatible servers take when they have no regions, and what AWS answers redirects from. */
export const DEFAULT_REGION = 'us-east-1';

/** S3 answers these to a request that was signed for, or sent to, another region than the bucket's. */
export function blamesRegion(answer: RawAnswer): boolean {
  return answer.status === 301 || answer.status === 307 || answer.status === 400;
}

/**
 * True if the request was signed for the right region: servers look at that first, so whatever they say of the bucket,
 * the key or permissions shows it. A HEAD of status 400 shows nothing: Garage and MinIO say no more of a wrong region.
 */
export function confirmsRegion(answer: RawAnswer, region: string): boolean {
  if (answer.status >= 200 && answer.status < 300) return true;
  if (blamesRegion(answer) && answer.region !== undefined) return answer.region === region;
  return answer.error?.code === undefined ? [403, 404].includes(answer.status) : isRefusalOfRequest(answer);
}

/**
 * Has all requests of a client signed for a region, whatever region the client was made with: the SDK takes none that
 * could not stand in a host name, such as `us_east`, and reads some as a wish for other hosts, such as `fips-a`.
 */
export function signFor(client: S3Client, region: string): void {
  const given = client.config.signer;
  client.config.signer = async (scheme) => {
    const signer = await given(scheme);
    return { sign: (request, options) => signer.sign(request, { ...options, signingRegion: region }) };
  };
}
