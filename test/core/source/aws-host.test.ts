import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { awsHostIn, awsHostOf, isAwsHost, isBelowAws, regionOfHost } from '#core/source/aws-host.ts';

/** A host, the region that it names, and the same host moved to `eu-west-1`. */
const hosts: readonly (readonly [host: string, region: string | undefined, moved: string])[] = [
  ['s3.amazonaws.com', undefined, 's3.eu-west-1.amazonaws.com'],
  ['s3-external-1.amazonaws.com', 'us-east-1', 's3.eu-west-1.amazonaws.com'],
  ['s3.us-east-1.amazonaws.com', 'us-east-1', 's3.eu-west-1.amazonaws.com'],
  ['s3.us-east-2.amazonaws.com', 'us-east-2', 's3.eu-west-1.amazonaws.com'],
  ['s3.us-west-1.amazonaws.com', 'us-west-1', 's3.eu-west-1.amazonaws.com'],
  ['s3.eu-central-1.amazonaws.com', 'eu-central-1', 's3.eu-west-1.amazonaws.com'],
  ['s3.eu-north-1.amazonaws.com', 'eu-north-1', 's3.eu-west-1.amazonaws.com'],
  ['s3.ap-southeast-7.amazonaws.com', 'ap-southeast-7', 's3.eu-west-1.amazonaws.com'],
  ['s3.ap-northeast-1.amazonaws.com', 'ap-northeast-1', 's3.eu-west-1.amazonaws.com'],
  ['s3.ca-west-1.amazonaws.com', 'ca-west-1', 's3.eu-west-1.amazonaws.com'],
  ['s3.mx-central-1.amazonaws.com', 'mx-central-1', 's3.eu-west-1.amazonaws.com'],
  ['s3.me-south-1.amazonaws.com', 'me-south-1', 's3.eu-west-1.amazonaws.com'],
  ['s3.il-central-1.amazonaws.com', 'il-central-1', 's3.eu-west-1.amazonaws.com'],
  ['s3.af-south-1.amazonaws.com', 'af-south-1', 's3.eu-west-1.amazonaws.com'],
  ['s3.sa-east-1.amazonaws.com', 'sa-east-1', 's3.eu-west-1.amazonaws.com'],
  ['s3.us-gov-west-1.amazonaws.com', 'us-gov-west-1', 's3.eu-west-1.amazonaws.com'],
  ['s3.us-gov-east-1.amazonaws.com', 'us-gov-east-1', 's3.eu-west-1.amazonaws.com'],
  // The older form, which later regions never had.
  ['s3-us-east-1.amazonaws.com', 'us-east-1', 's3.eu-west-1.amazonaws.com'],
  ['s3-us-west-1.amazonaws.com', 'us-west-1', 's3.eu-west-1.amazonaws.com'],
  ['s3-us-west-2.amazonaws.com', 'us-west-2', 's3.eu-west-1.amazonaws.com'],
  ['s3-eu-west-1.amazonaws.com', 'eu-west-1', 's3.eu-west-1.amazonaws.com'],
  ['s3-eu-central-1.amazonaws.com', 'eu-central-1', 's3.eu-west-1.amazonaws.com'],
  ['s3-ap-southeast-1.amazonaws.com', 'ap-southeast-1', 's3.eu-west-1.amazonaws.com'],
  ['s3-ap-northeast-1.amazonaws.com', 'ap-northeast-1', 's3.eu-west-1.amazonaws.com'],
  ['s3-sa-east-1.amazonaws.com', 'sa-east-1', 's3.eu-west-1.amazonaws.com'],
  ['s3-us-gov-west-1.amazonaws.com', 'us-gov-west-1', 's3.eu-west-1.amazonaws.com'],
  ['s3-fips-us-gov-west-1.amazonaws.com', 'us-gov-west-1', 's3-fips.eu-west-1.amazonaws.com'],
  // Dual-stack, FIPS, and both.
  ['s3.dualstack.us-east-1.amazonaws.com', 'us-east-1', 's3.dualstack.eu-west-1.amazonaws.com'],
  ['s3.dualstack.eu-west-3.amazonaws.com', 'eu-west-3', 's3.dualstack.eu-west-1.amazonaws.com'],
  ['s3.dualstack.us-gov-west-1.amazonaws.com', 'us-gov-west-1', 's3.dualstack.eu-west-1.amazonaws.com'],
  ['s3-fips.us-east-1.amazonaws.com', 'us-east-1', 's3-fips.eu-west-1.amazonaws.com'],
  ['s3-fips.ca-central-1.amazonaws.com', 'ca-central-1', 's3-fips.eu-west-1.amazonaws.com'],
  ['s3-fips.us-gov-east-1.amazonaws.com', 'us-gov-east-1', 's3-fips.eu-west-1.amazonaws.com'],
  ['s3-fips.dualstack.us-east-1.amazonaws.com', 'us-east-1', 's3-fips.dualstack.eu-west-1.amazonaws.com'],
  ['s3-fips.dualstack.us-west-2.amazonaws.com', 'us-west-2', 's3-fips.dualstack.eu-west-1.amazonaws.com'],
  ['s3-fips.dualstack.us-gov-west-1.amazonaws.com', 'us-gov-west-1', 's3-fips.dualstack.eu-west-1.amazonaws.com'],
  // Partitions with domains of their own.
  ['s3.cn-north-1.amazonaws.com.cn', 'cn-north-1', 's3.eu-west-1.amazonaws.com'],
  ['s3.cn-northwest-1.amazonaws.com.cn', 'cn-northwest-1', 's3.eu-west-1.amazonaws.com'],
  ['s3.dualstack.cn-north-1.amazonaws.com.cn', 'cn-north-1', 's3.dualstack.eu-west-1.amazonaws.com'],
  ['s3.eusc-de-east-1.amazonaws.eu', 'eusc-de-east-1', 's3.eu-west-1.amazonaws.com'],
  ['s3.dualstack.eusc-de-east-1.amazonaws.eu', 'eusc-de-east-1', 's3.dualstack.eu-west-1.amazonaws.com'],
  ['s3-fips.eusc-de-east-1.amazonaws.eu', 'eusc-de-east-1', 's3-fips.eu-west-1.amazonaws.com'],
  ['s3.us-iso-east-1.c2s.ic.gov', 'us-iso-east-1', 's3.eu-west-1.amazonaws.com'],
  ['s3-fips.us-isob-east-1.sc2s.sgov.gov', 'us-isob-east-1', 's3-fips.eu-west-1.amazonaws.com'],
  ['s3.eu-isoe-west-1.cloud.adc-e.uk', 'eu-isoe-west-1', 's3.eu-west-1.amazonaws.com'],
  ['s3.us-isof-south-1.csp.hci.ic.gov', 'us-isof-south-1', 's3.eu-west-1.amazonaws.com'],
];

const others: readonly string[] = [
  '',
  'amazonaws.com',
  's3.amazonaws.com.cn',
  's3.amazonaws.eu',
  's3.example.com',
  's3.wasabisys.com',
  's3.eu-central-1.wasabisys.com',
  's3.eu-west-1.example.com',
  's3.us-west-002.backblazeb2.com',
  'nyc3.digitaloceanspaces.com',
  // AWS's name with something before or behind it.
  's3.eu-west-1.amazonaws.com.example.com',
  's3.eu-west-1.amazonaws.community',
  's3.eu-west-1.amazonaws.eu.com',
  'evil-s3.eu-west-1.amazonaws.com',
  'xs3.eu-west-1.amazonaws.com',
  's3.eu-west-1.xamazonaws.com',
  's3.eu-west-1amazonaws.com',
  's3.eu-west-1.amazonaws-com',
  's3.eu-west-1.amazonaws.com:443',
  // A region under the domain of another partition.
  's3.cn-north-1.amazonaws.com',
  's3.eu-west-1.amazonaws.com.cn',
  's3.eusc-de-east-1.amazonaws.com',
  's3.eu-west-1.amazonaws.eu',
  's3.us-iso-east-1.sc2s.sgov.gov',
  // Hosts of customers, of buckets, of access points and of other services.
  'stock.s3.amazonaws.com',
  'stock.s3.eu-west-1.amazonaws.com',
  's3.stock.eu-west-1.amazonaws.com',
  'stock-111122223333.s3-accesspoint.eu-west-1.amazonaws.com',
  's3-accesspoint.eu-west-1.amazonaws.com',
  's3-control.eu-west-1.amazonaws.com',
  's3-accelerate.amazonaws.com',
  's3-accelerate.dualstack.amazonaws.com',
  's3-outposts.eu-west-1.amazonaws.com',
  's3-object-lambda.eu-west-1.amazonaws.com',
  's3express-use1-az4.us-east-1.amazonaws.com',
  's3-website-us-east-1.amazonaws.com',
  's3-website.eu-central-1.amazonaws.com',
  'bucket.vpce-0a1b2c3d-e4f5.s3.us-east-1.vpce.amazonaws.com',
  's3-1234567890.eu-west-1.elb.amazonaws.com',
  'a1b2c3.execute-api.eu-west-1.amazonaws.com',
  's3.fips.us-east-1.amazonaws.com',
  's3.fips-us-gov-west-1.amazonaws.com',
];

describe("AWS's own S3", () => {
  test.each(hosts)('%s is a host of it, for the region %s, and elsewhere it is %s', (host, region, moved) => {
    expect(isAwsHost(host)).toBe(true);
    expect(regionOfHost(host)).toBe(region);
    expect(awsHostIn(host, 'eu-west-1')).toBe(moved);
    expect(isBelowAws(host)).toBe(true);
  });

  test.each(others)('%j is no host of it', (host) => {
    expect(isAwsHost(host)).toBe(false);
    expect(regionOfHost(host)).toBeUndefined();
  });

  test.each([
    ['us-west-2', 's3.us-west-2.amazonaws.com'],
    ['us-gov-east-1', 's3.us-gov-east-1.amazonaws.com'],
    ['cn-northwest-1', 's3.cn-northwest-1.amazonaws.com.cn'],
    ['eusc-de-east-1', 's3.eusc-de-east-1.amazonaws.eu'],
    ['us-isob-west-1', 's3.us-isob-west-1.sc2s.sgov.gov'],
  ])('a region %s moves a host to the domain of its partition', (region, host) => {
    expect(awsHostOf(region)).toBe(host);
    expect(awsHostIn('s3.eu-west-1.amazonaws.com', region)).toBe(host);
  });

  test('the rules of the SDK give the same host for each region, plain, FIPS, dual-stack and both', async () => {
    const client = new S3Client({ region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
    const regions = new Set(hosts.flatMap(([, region]) => region ?? []));
    for (const region of regions) {
      for (const [useFips, useDualStack] of [
        [false, false],
        [true, false],
        [false, true],
        [true, true],
      ] as const) {
        // The SDK knows of no FIPS in China.
        if (useFips && region.startsWith('cn-')) continue;
        const { url } = await client.config.endpointProvider({
          Region: region,
          UseFIPS: useFips,
          UseDualStack: useDualStack,
        });
        expect([url.hostname, regionOfHost(url.hostname)]).toEqual([url.hostname, region]);
        expect(awsHostIn(url.hostname, region)).toBe(url.hostname);
        if (!useFips && !useDualStack) expect(url.hostname).toBe(awsHostOf(region));
      }
    }
    expect(regions.size).toBeGreaterThan(25);
  });

  test.each([
    ['stock.s3.eu-west-1.amazonaws.com', true],
    ['bucket.vpce-0a1b.s3.us-east-1.vpce.amazonaws.com', true],
    ['S3.EU-WEST-1.AMAZONAWS.COM', true],
    ['s3.eusc-de-east-1.amazonaws.eu', true],
    ['amazonaws.com.example.com', false],
    ['s3.example.com', false],
  ])('whether %s stands below a domain of AWS: %s', (host, below) => {
    expect(isBelowAws(host)).toBe(below);
  });
});
