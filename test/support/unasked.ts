import type { Bucket } from '#core/model/ports/bucket.ts';

const refuse = async (): Promise<never> => {
  throw new Error('a sync asks no object for its details');
};

/** What a bucket of these tests is never asked. */
export const unasked: Pick<Bucket, 'describe' | 'tags' | 'firstByte' | 'identify'> = {
  ...{ describe: refuse, tags: refuse, firstByte: refuse, identify: refuse },
};
