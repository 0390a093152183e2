import { isBelowAws, regionOfHost } from './aws-host.ts';
import { tidyEndpoint } from './endpoint.ts';
import type { StoredS3Config } from './s3-config.ts';

/**
 * The settings that say where a secret is used and how it is sent there, as far as they differ: what it opens (bucket,
 * endpoint, key id), whether TLS covers it, the region that it is signed for, and the host name that the bucket makes.
 * A setting that is left out and one that says the default are the same.
 */
export function destinationChanges(before: StoredS3Config, after: StoredS3Config): string[] {
  const [old, now] = [destinationOf(before), destinationOf(after)];
  return (Object.keys(now) as (keyof typeof now)[]).filter((field) => old[field] !== now[field]);
}

function destinationOf({ bucket, endpoint, access_key_id, use_ssl, region, path_style }: StoredS3Config) {
  const host = tidyEndpoint(endpoint ?? '');
  return {
    bucket,
    endpoint,
    access_key_id,
    use_ssl: use_ssl ?? true,
    region: region ?? regionOfHost(host),
    path_style: path_style ?? defaultStyle(host, bucket),
  };
}

/** Undefined where the bucket decides, and is only known by the connector. */
function defaultStyle(endpoint: string, bucket: string | undefined): boolean | undefined {
  if (bucket === undefined && servesVirtualHosts(endpoint, '')) return undefined;
  return !servesVirtualHosts(endpoint, bucket ?? '');
}

/** AWS wants the bucket in the host name, where its wildcard certificate does not cover a bucket with a dot; other
 *  servers as a rule want it in the path. */
export function servesVirtualHosts(endpoint: string, bucket: string): boolean {
  return (endpoint === '' || isBelowAws(endpoint)) && !bucket.includes('.');
}
