import { expect, it } from 'vitest';
import { prefixWarnings } from '#core/source/prefix-warnings.ts';

it.each([
  ['/docs/', 'it begins with "/"'],
  ['/', 'it begins with "/"'],
  ['./docs/', 'it begins with "./"'],
  ['s3://stock/docs/', 'it begins with "s3://"'],
  ['S3://stock', 'it begins with "s3://"'],
  ['docs/*', 'it ends in "*"'],
  ['*', 'it ends in "*"'],
])('%s is taken as it is written, and warned about', (prefix, means) => {
  expect(prefixWarnings(prefix)).toEqual([
    expect.stringContaining(`prefix "${prefix}" is taken as it is written: ${means}`),
  ]);
});

it('each oddity has a sentence of its own', () => {
  expect(prefixWarnings('/docs/*')).toHaveLength(2);
});

it.each(['', 'docs/', 'docs', '.hidden/', '..', 'a*b', 'docs/**/x', 's3:/x', 'a/s3://b', 'a//b/'])(
  '%j is a prefix like any other',
  (prefix) => {
    expect(prefixWarnings(prefix)).toEqual([]);
  },
);

it('what is long is shortened', () => {
  const [warning = ''] = prefixWarnings(`/${'x'.repeat(1000)}`);
  expect(warning.length).toBeLessThan(300);
  expect(warning).toContain(`${'x'.repeat(99)}…`);
});
