/** AWS's regions are spelt so; of the others, those that its S3 hosts may be built from. */
const awsRegion = /^[a-z0-9-]{1,64}$/;

/** Other servers have names of their own: `NL`, `RegionOne`, `EU`, `auto`, `us_east`. A slash, comma or space would end
 *  the region's part of a signature. An empty text is no region, and a way to say so. */
export const regionOrNone = /^[A-Za-z0-9._-]{0,64}$/;

/** True of what may be signed with and shown as a region. */
export function isRegion(text: string): boolean {
  return text !== '' && regionOrNone.test(text);
}

/** True of what may also become a part of the name of an AWS host. */
export function isAwsRegion(text: string): boolean {
  return awsRegion.test(text);
}
