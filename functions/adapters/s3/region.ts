/** What S3-compatible servers take when they have no regions, and what AWS answers redirects from. */
export const DEFAULT_REGION = 'us-east-1';

const awsHost = /^s3[.-](?:(?:dualstack|fips)\.)?(?:([a-z]{2}(?:-[a-z]+)+-\d+)\.)?amazonaws\.com(\.cn)?$/;

/** True of the hosts of AWS's own S3 (not of a bucket's or access point's host name). */
export function isAwsHost(host: string): boolean {
  return awsHost.test(host);
}

/** The region that an AWS host name carries: `s3.eu-west-1.amazonaws.com`, `s3-eu-west-1…`, dualstack, China. */
export function regionOfHost(host: string): string | undefined {
  return awsHost.exec(host)?.[1];
}

/** AWS's S3 host for a region: https://docs.aws.amazon.com/general/latest/gr/s3.html */
export function awsHostOf(region: string): string {
  return `s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

/** The same host in another region; dual-stack and FIPS hosts stay what they are. */
export function awsHostIn(host: string, region: string): string {
  const current = regionOfHost(host);
  return current === undefined ? awsHostOf(region) : host.replace(`${current}.`, `${region}.`);
}
