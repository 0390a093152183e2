import fc from 'fast-check';

/** What a class or an escape stands for, by one or a few of its characters. */
const escapes: Readonly<Record<string, string>> = {
  s: ' \t\n',
  S: 'x',
  d: '0',
  D: 'x',
  w: 'aZ0_',
  W: '-',
  b: '',
  B: '',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Seen in most answers and requests, so tried against every pattern. */
const everywhere = [' ', '\t', '0', '"', '[', '(', 'a', '.', '-', '/', '\u0000', 'é', '😀'];

/** What no text that matches would end with, most of the time. */
const nearMisses = ['', '\u0000', '!', ' \u0000', '\n'];

/** The lengths of one attack after another: what grows fast, doubles or goes by the fourth power, shows before it takes
 *  for ever. */
export const attackSizes = [16, 20, 24, 64, 256, 1024, 4096, 16_384, 100_000];

/** A text made against one pattern: its beginning, then something over and over, then an end that does not match. */
export type Attack = { readonly head: string; readonly piece: string; readonly tail: string };

export function attackText({ head, piece, tail }: Attack, size: number): string {
  return `${head}${piece.repeat(Math.max(1, Math.ceil((size - head.length - tail.length) / piece.length)))}${tail}`;
}

/**
 * Attacks on one pattern: long runs of each of its own characters and of pairs of them, begun with each beginning of
 * texts that match, ended with near misses. The same seed gives the same ones.
 */
export function attacksOn(pattern: RegExp, seed: number): Attack[] {
  const characters = [...new Set([...ownCharacters(pattern.source), ...everywhere])];
  const samples = matching(pattern, seed);
  const heads = [...new Set(['', literalHead(pattern.source), ...samples.flatMap(beginnings)])].slice(0, 24);
  const pairs = fc.sample(fc.tuple(fc.constantFrom(...characters), fc.constantFrom(...characters)), {
    numRuns: 24,
    seed,
  });
  const pieces = [...new Set([...characters, ...pairs.map((pair) => pair.join('')), ...samples])].filter(
    (piece) => piece !== '' && piece.length < 1000,
  );
  const all = heads.flatMap((head) => pieces.map((piece) => ({ head, piece })));
  // Each run by itself, and a share of the runs behind the heads: all of them would take minutes.
  const chosen = [
    ...all.filter(({ head }) => head === ''),
    ...fc.sample(fc.constantFrom(...all), { numRuns: 60, seed }),
    ...heads.flatMap((head) => [' ', '0', 'a'].map((piece) => ({ head, piece }))),
  ];
  return chosen.map((one, index) => ({ ...one, tail: nearMisses[index % nearMisses.length] ?? '' }));
}

/** Each character of the source that could stand for itself or in a class. */
function ownCharacters(source: string): string[] {
  const characters: string[] = [];
  for (let at = 0; at < source.length; at += 1) {
    const character = source[at] ?? '';
    if (character !== '\\') characters.push(character);
    else {
      at += 1;
      const escaped = source[at] ?? '';
      characters.push(...(escapes[escaped] ?? escaped));
    }
  }
  return characters;
}

/** The characters that a pattern begins with, as far as they stand for themselves. */
function literalHead(source: string): string {
  const [, head = ''] = /^\^?((?:[\w <>=;:@/-]|\\[^\w])*)/.exec(source) ?? [];
  return head.replaceAll('\\', '');
}

const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));

/** A negated class that leaves no printable character: the generator draws from these, and would look for one for ever. */
function leavesNone({ source, flags }: RegExp): boolean {
  const classes = source.match(/\[\^(?:\\.|[^\]\\])*\]/gs) ?? [];
  return classes.some(
    (one) => !printable.some((character) => new RegExp(one, flags.replace(/[gy]/g, '')).test(character)),
  );
}

/** Texts that the pattern matches; none where the generator does not know a part of it, such as a look-ahead. */
function matching(pattern: RegExp, seed: number): string[] {
  if (leavesNone(pattern)) return [];
  try {
    return fc.sample(fc.stringMatching(pattern), { numRuns: 6, seed });
  } catch {
    return [];
  }
}

function beginnings(text: string): string[] {
  const lengths = [1, 0.25, 0.5, 0.75].map((share) => Math.ceil(text.length * share));
  return lengths.map((length) => text.slice(0, length)).filter((head) => head.length < 2000);
}
