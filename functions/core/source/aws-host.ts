const awsHost = /^s3[.-](?:(?:dualstack|fips)\.)?(?:([a-z]{2}(?:-[a-z]+)+-\d+)\.)?amazonaws\.com(\.cn)?$/;

/** True of the hosts of AWS's own S3 (not of a bucket's or access point's host name). */
export function isAwsHost(host: string): boolean {
  return awsHost.test(host);
}

/** The region that an AWS host name carries: `s3.eu-west-1.amazonaws.com`, `s3-eu-west-1…`, dualstack, China. */
export function regionOfHost(host: string): string | undefined {
  return awsHost.exec(host)?.[1];
}
