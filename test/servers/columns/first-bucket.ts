import type { Filling } from '../filling.ts';

/** The bucket in which most columns work, one after the other. */
export const FIRST = 'matrix-first';

const keys = [
  ...['readme.txt', 'report.pdf', 'report-old.pdf', 'zoo.txt', 'a b.txt', 'ä.txt', 'gone.txt', 'gone-too.txt'],
  ...Array.from({ length: 4 }, (_, index) => `reports/${2001 + index}.pdf`),
  ...Array.from({ length: 36 }, (_, index) => `pictures/2024/${String(index).padStart(3, '0')}.jpg`),
];

export const firstObjects: readonly Filling[] = keys.map((key, index) => ({ key, body: 'x'.repeat(index + 1) }));
