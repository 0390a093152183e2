import type { Hostility } from '#support/hostile-server.ts';

/** One way to be hostile, and what a run on such a server has to end with. */
export type HostileCase = {
  readonly hostility: Hostility;
  readonly what: string;
  /** Codes that the run may fail with, and what its message says then. */
  readonly ends: Readonly<Record<string, string>>;
};

/** Those that the founding issue names come first, so that a small share proves them. */
export const hostileCases: readonly HostileCase[] = [
  { hostility: 'huge-body', what: '500 MB body', ends: { answer_too_large: 'longer than 16 MiB' } },
  { hostility: 'endless-tokens', what: 'endless tokens', ends: { listing_not_proved: '1000 pages in a row' } },
  { hostility: 'too-many-keys', what: '300,000 keys', ends: { listing_not_proved: 'too many keys' } },
  { hostility: 'slow-drip', what: 'slow drip', ends: { source_timeout: 'took too long' } },
  { hostility: 'gzip-bomb', what: 'gzip bomb', ends: { not_an_s3_answer: 'compressed body' } },
  { hostility: 'huge-element', what: '15 MiB element', ends: { listing_not_proved: 'Key of more than 1,024' } },
  { hostility: 'endless-headers', what: 'endless headers', ends: { answer_too_large: '16 KiB' } },
  { hostility: 'many-elements', what: '3.6 M elements', ends: { listing_not_proved: 'more elements' } },
  { hostility: 'endless-early-hints', what: 'endless 103s', ends: { not_an_s3_answer: 'status 1xx' } },
  { hostility: 'websocket-upgrade', what: '101, websocket', ends: { not_an_s3_answer: 'status 101' } },
  { hostility: 'h2c-upgrade', what: '101, h2c', ends: { not_an_s3_answer: 'status 101' } },
  { hostility: 'silence-in-body', what: 'body without an end', ends: { source_timeout: 'took too long' } },
  {
    ...{ hostility: 'single-byte-chunks', what: '1-byte chunks' },
    // Which bound is met first depends on how fast the machine is: 16 MiB take it about as long as a try may.
    ends: { source_timeout: 'took too long', answer_too_large: 'longer than 16 MiB' },
  },
];
