import { describe, expect, it } from 'vitest';
import { compareKeys } from '#core/keys/byte-order.ts';
import { findPivot } from '#core/sync/walk/pivot.ts';

/** Looks for a pivot in sorted keys of which the first `listed` were listed. */
async function pivotOf(keys: readonly string[], listed: number, hi?: string) {
  const sorted = [...keys].sort(compareKeys);
  const [first = '', position = ''] = [sorted[0], sorted[listed - 1]];
  let probes = 0;
  const pivot = await findPivot({ first, position, hi }, async (after) => {
    probes += 1;
    expect(after.isWellFormed()).toBe(true);
    return sorted.find((key) => compareKeys(key, after) > 0);
  });
  const beyond = pivot === undefined ? 0 : sorted.filter((key) => compareKeys(key, pivot) > 0).length;
  return { pivot, probes, position, share: beyond / (sorted.length - listed) };
}

const numbers = Array.from({ length: 1000 }, (_, index) => String(index).padStart(6, '0'));
const dates = Array.from({ length: 700 }, (_, day) =>
  new Date(Date.UTC(2024, 0, 1 + day)).toISOString().slice(0, 10).replaceAll('-', '/'),
);
const uuids = Array.from({ length: 2000 }, (_, index) => {
  const hex = ((index * 2654435761) >>> 0).toString(16).padStart(8, '0');
  return `${hex}-aaaa-4bbb-8ccc-dddddddddddd`;
});
const letters = [...'abcdefghijklmnopqrstuvwxyz'].flatMap((one) => [...'abcdef'].map((other) => `${one}${other}`));

describe('looking for the middle of what is not listed', () => {
  it.each([
    ['numbers with leading zeros', numbers, 120, 0.7],
    ['dates', dates.map((date) => `logs/${date}.gz`), 60, 0.9],
    // Hexadecimal digits are taken for letters: the cut comes soon, and what was given is cut again.
    ['uuids', uuids, 100, 0.99],
    ['letters', letters, 20, 0.7],
    ['capitals', letters.map((two) => two.toUpperCase()), 20, 0.7],
    ['one common prefix', numbers.map((number) => `a/very/long/common/prefix/of/all-${number}.parquet`), 120, 0.7],
    ['numbers after an astral character', numbers.map((number) => `😀${number}`), 120, 0.7],
  ])('given %s, finds a place beyond the position with a good part behind it', async (_name, keys, listed, most) => {
    const { pivot, position, share, probes } = await pivotOf(keys, listed);
    expect(compareKeys(pivot ?? '', position)).toBeGreaterThan(0);
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(most);
    expect(probes).toBeLessThanOrEqual(10);
  });

  it('given nothing ahead, finds none and stops asking after ten questions', async () => {
    const { pivot, probes } = await pivotOf(['aaaaaa', 'bcbcbcbcbcbc'], 2);
    expect(pivot).toBeUndefined();
    expect(probes).toBe(10);
  });

  it('given keys ahead beyond the end of the range only, finds none', async () => {
    expect((await pivotOf(numbers, 100, numbers[99])).pivot).toBeUndefined();
    const within = await pivotOf(numbers, 100, numbers[199]);
    expect(compareKeys(within.pivot ?? '', numbers[199] ?? '')).toBeLessThan(0);
  });

  it('given a single key listed so far, asks nothing', async () => {
    expect(await pivotOf(['a', 'b'], 1)).toMatchObject({ pivot: undefined, probes: 0 });
  });

  it('given keys that differ within an astral character, never cuts it in two', async () => {
    const faces = Array.from({ length: 60 }, (_, index) => String.fromCodePoint(0x1f600 + index));
    const { pivot, probes } = await pivotOf(faces, 20);
    expect(pivot?.isWellFormed() ?? true).toBe(true);
    expect(probes).toBeLessThanOrEqual(10);
  });

  it('given characters that are neither digits nor letters, does not guess at them', async () => {
    expect((await pivotOf(['a!', 'a+', 'a~'], 2)).pivot).toBeUndefined();
  });
});

/** The questions that are asked while `ahead` tells what follows a key. */
async function questions(unlisted: Parameters<typeof findPivot>[0], ahead: (after: string) => string | undefined) {
  const asked: string[] = [];
  const pivot = await findPivot(unlisted, async (after) => {
    asked.push(after);
    return ahead(after);
  });
  return { asked, pivot };
}

describe('the questions', () => {
  it('given nothing ahead, halve what can follow at the first place that differs, then at the next', async () => {
    const unlisted = { first: 'a10', position: 'a30', hi: undefined };
    const { asked, pivot } = await questions(unlisted, () => undefined);
    expect([asked, pivot]).toEqual([['a6', 'a4', 'a35', 'a32', 'a31'], undefined]);
  });

  it('given the position begins with the first key, go on behind it', async () => {
    const { asked } = await questions({ first: 'a', position: 'a7', hi: undefined }, () => undefined);
    expect(asked).toEqual(['a8']);
  });

  it('given something ahead, end with that one', async () => {
    const unlisted = { first: 'a10', position: 'a30', hi: undefined };
    const ahead = (after: string) => (after < 'a5' ? 'a50' : undefined);
    expect(await questions(unlisted, ahead)).toEqual({ asked: ['a6', 'a4'], pivot: 'a4' });
  });

  it('given the end of the range, take what lies up to it as ahead, and nothing beyond it', async () => {
    const unlisted = { first: 'a10', position: 'a30', hi: 'a70' };
    expect(await questions(unlisted, () => 'a70')).toMatchObject({ pivot: 'a6' });
    expect(await questions(unlisted, () => 'a700')).toMatchObject({ pivot: undefined });
  });

  it.each<readonly [string, readonly string[]]>([
    ['0', ['5', '2', '1']],
    ['8', ['9']],
    ['9', []],
    ['a', ['n', 'g', 'd', 'b']],
    ['y', ['z']],
    ['z', []],
    ['A', ['N', 'G', 'D', 'B']],
    ['Y', ['Z']],
    ['Z', []],
    ...['/', ':', '@', '[', '`', '{', '\ud83d\ude01'].map((other): [string, string[]] => [other, []]),
  ])('given %s at that place, ask for the characters behind it of its kind', async (character, expected) => {
    const unlisted = { first: 'k!', position: `k${character}`, hi: undefined };
    const { asked } = await questions(unlisted, () => undefined);
    expect(asked).toEqual(expected.map((one) => `k${one}`));
  });
});
