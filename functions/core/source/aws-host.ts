/**
 * AWS's partitions: how their regions begin, the domain that their S3 hosts stand under, and what ARNs call them. The last
 * one has no mark of its own. https://docs.aws.amazon.com/general/latest/gr/s3.html; the isolated ones as AWS's own SDK has them.
 */
const partitions: readonly (readonly [regions: RegExp, domain: string, name: string])[] = [
  [/^cn-/, 'amazonaws.com.cn', 'aws-cn'],
  [/^eusc-/, 'amazonaws.eu', 'aws-eusc'],
  [/^[a-z]{2}-iso-/, 'c2s.ic.gov', 'aws-iso'],
  [/^[a-z]{2}-isob-/, 'sc2s.sgov.gov', 'aws-iso-b'],
  [/^[a-z]{2}-isoe-/, 'cloud.adc-e.uk', 'aws-iso-e'],
  [/^[a-z]{2}-isof-/, 'csp.hci.ic.gov', 'aws-iso-f'],
  [/^us-gov-/, 'amazonaws.com', 'aws-us-gov'],
  [/^/, 'amazonaws.com', 'aws'],
];

/** `s3.`, then dual-stack or not, then the region; an older form joins the region by a hyphen, in GovCloud FIPS too. */
const regional =
  /^s3(?<fips>-fips)?(?:\.(?<dual>dualstack)\.|[.-])(?<region>(?:[a-z]{2}|eusc)(?:-[a-z]+)+-\d+)\.(?<domain>[a-z0-9.-]+)$/;

/** Without a region in it: what the name stands for. `s3-external-1` is the older name of us-east-1. */
const unnamed: ReadonlyMap<string, string | undefined> = new Map([
  ['s3.amazonaws.com', undefined],
  ['s3-external-1.amazonaws.com', 'us-east-1'],
]);

type AwsHost = { readonly region: string | undefined; readonly fips: boolean; readonly dualStack: boolean };

/** True of the hosts of AWS's own S3 (not of a bucket's or access point's host name). */
export function isAwsHost(host: string): boolean {
  return parse(host) !== undefined;
}

/** The region that an AWS host name carries: `s3.eu-west-1.amazonaws.com`, `s3-eu-west-1…`, dual-stack, FIPS, China. */
export function regionOfHost(host: string): string | undefined {
  return parse(host)?.region;
}

/** What the ARNs of a region begin with: `aws`, `aws-cn`, `aws-us-gov`. `aws` where no region is known. */
export function partitionOf(region: string | undefined): string {
  return partitions.find(([regions]) => regions.test(region ?? ''))?.[2] ?? 'aws';
}

/** AWS's S3 host for a region. */
export function awsHostOf(name: string): string {
  return hostOf(name, { fips: false, dualStack: false });
}

/** The same host in another region; dual-stack and FIPS hosts stay what they are. Every region has the form with a dot,
 *  only old ones that with a hyphen. */
export function awsHostIn(host: string, name: string): string {
  return hostOf(name, parse(host) ?? { fips: false, dualStack: false });
}

/** True of a name below one of AWS's domains, where customers have hosts too: gateways, load balancers, endpoints of
 *  their own networks. */
export function isBelowAws(host: string): boolean {
  return partitions.some(([, domain]) => host.toLowerCase().endsWith(`.${domain}`));
}

function hostOf(name: string, { fips, dualStack }: Omit<AwsHost, 'region'>): string {
  return `s3${fips ? '-fips' : ''}.${dualStack ? 'dualstack.' : ''}${name}.${domainOf(name)}`;
}

function domainOf(name: string): string | undefined {
  return partitions.find(([regions]) => regions.test(name))?.[1];
}

/** A region under another partition's domain is no host of AWS. */
function parse(host: string): AwsHost | undefined {
  if (unnamed.has(host)) return { region: unnamed.get(host), fips: false, dualStack: false };
  const { fips, dual, region: name = '', domain } = regional.exec(host)?.groups ?? {};
  if (domain === undefined || domain !== domainOf(name)) return undefined;
  return { region: name, fips: fips !== undefined, dualStack: dual !== undefined };
}
