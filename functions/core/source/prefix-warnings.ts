/**
 * What is strange about a prefix that is taken as it is written, a sentence each: no key of S3 begins so as a rule, and
 * whoever wrote it meant something else.
 */
export function prefixWarnings(prefix: string): string[] {
  const seen = oddities.filter(({ of }) => of(prefix));
  const shown = JSON.stringify(prefix.length > 100 ? `${prefix.slice(0, 100)}…` : prefix);
  return seen.map(({ means }) => `prefix ${shown} is taken as it is written: ${means}`);
}

const oddities: readonly { readonly of: (prefix: string) => boolean; readonly means: string }[] = [
  {
    of: (prefix) => prefix.startsWith('/'),
    means: 'it begins with "/", and so do the keys that it takes in; keys as a rule do not, leave the slash out',
  },
  {
    of: (prefix) => prefix.startsWith('./'),
    means: 'it begins with "./", which is part of a key and no folder; leave it out',
  },
  {
    of: (prefix) => /^s3:\/\//i.test(prefix),
    means: 'it begins with "s3://", which no key does; the bucket is named by bucket, the prefix by what follows it',
  },
  {
    of: (prefix) => prefix.endsWith('*'),
    means:
      'it ends in "*", which stands for itself; leave it out, for a prefix takes in all that begins with it, or use include',
  },
];
