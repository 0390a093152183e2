import { regionOfHost } from '#core/source/aws-host.ts';

/** What S3-compatible servers take when they have no regions, and what AWS answers redirects from. */
export const DEFAULT_REGION = 'us-east-1';

/** AWS's S3 host for a region: https://docs.aws.amazon.com/general/latest/gr/s3.html */
export function awsHostOf(region: string): string {
  return `s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

/** The same host in another region; dual-stack and FIPS hosts stay what they are. */
export function awsHostIn(host: string, region: string): string {
  const current = regionOfHost(host);
  return current === undefined ? awsHostOf(region) : host.replace(`${current}.`, `${region}.`);
}
