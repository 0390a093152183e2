import type { Hostility } from '#support/hostile-server.ts';

/** What a run on a hostile server has to end with. */
export type HostileCase = {
  readonly hostility: Hostility;
  readonly what: string;
  readonly code: string;
  readonly words: string;
};

/** Those that the founding issue names come first, so that a small share proves them. */
export const hostileCases: readonly HostileCase[] = [
  { hostility: 'huge-body', what: '500 MB body', code: 'answer_too_large', words: 'longer than 16 MiB' },
  { hostility: 'endless-tokens', what: 'endless tokens', code: 'listing_not_proved', words: '1000 pages in a row' },
  { hostility: 'too-many-keys', what: '300,000 keys', code: 'listing_not_proved', words: 'too many keys' },
  { hostility: 'slow-drip', what: 'slow drip', code: 'source_timeout', words: 'took too long' },
  { hostility: 'gzip-bomb', what: 'gzip bomb', code: 'not_an_s3_answer', words: 'compressed body' },
  { hostility: 'huge-element', what: '15 MiB element', code: 'listing_not_proved', words: 'Key of more than 1,024' },
  { hostility: 'endless-headers', what: 'endless headers', code: 'answer_too_large', words: '16 KiB' },
  { hostility: 'many-elements', what: '3.6 M elements', code: 'listing_not_proved', words: 'more elements' },
  { hostility: 'endless-early-hints', what: 'endless 103s', code: 'source_timeout', words: 'took too long' },
  { hostility: 'single-byte-chunks', what: '1-byte chunks', code: 'source_timeout', words: 'took too long' },
];
