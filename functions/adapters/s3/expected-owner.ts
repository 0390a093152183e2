import type { S3Client } from '@aws-sdk/client-s3';

const header = 'x-amz-expected-bucket-owner';

/**
 * Has every request of a client about a bucket say whose the bucket is to be, links included: S3 answers 403 where it is
 * another's. In one place, so that no command is forgotten. The list of all buckets is about none.
 */
export function expectOwner(client: S3Client, owner: string): void {
  client.middlewareStack.add(
    (next) => (args) => {
      if ('Bucket' in args.input) say(args.request, owner);
      return next(args);
    },
    { name: 'expectOwner', step: 'build' },
  );
}

function say(request: unknown, owner: string): void {
  const headers: unknown =
    typeof request === 'object' && request !== null ? Reflect.get(request, 'headers') : undefined;
  if (typeof headers === 'object' && headers !== null) Reflect.set(headers, header, owner);
}
