import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { circlesOf, floorsOf, readImportGraph, roomsOf } from './import-graph.ts';

const root = join(import.meta.dirname, '../..');
const files = readImportGraph(['functions', 'infra']);
const rooms = roomsOf(files);

describe('the rooms of the product', () => {
  it('import no file and no room in a circle, types included', () => {
    expect(circlesOf(files)).toEqual([]);
    expect(circlesOf(rooms)).toEqual([]);
  });

  it('stand in the map of the design, each on its floor', () => {
    const design = readFileSync(join(root, 'docs/design.md'), 'utf8');
    const map = [...design.matchAll(/^\| (\d+) \| `([a-z0-9/-]+)` \|/gm)].map(([, floor, room]) => [
      room,
      Number(floor),
    ]);
    expect(new Map(map as [string, number][])).toEqual(floorsOf(rooms));
  });

  it('of the core are held by a lint rule that knows their floor', () => {
    const { overrides } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
    const ruled = (overrides as { includes: string[] }[]).flatMap((override) => {
      const floor = /this is floor (\d+) of the core/.exec(JSON.stringify(override))?.[1];
      return floor === undefined ? [] : override.includes.map((glob) => [glob.replace('/*.ts', ''), Number(floor)]);
    });
    const core = [...floorsOf(rooms)].filter(([room]) => room.startsWith('functions/core/'));
    expect(new Map(ruled as [string, number][])).toEqual(new Map(core));
  });
});

describe('the search for circles', () => {
  it('finds those of two, of three, and none where imports run one way', () => {
    const graph = (edges: Record<string, string[]>) =>
      new Map(Object.entries(edges).map(([from, to]) => [from, new Set(to)]));
    expect(circlesOf(graph({ a: ['b'], b: ['a'], c: ['a'] }))).toEqual([['a', 'b']]);
    expect(circlesOf(graph({ a: ['b'], b: ['c'], c: ['a'], d: ['d'] }))).toEqual([['a', 'b', 'c']]);
    expect(circlesOf(graph({ a: ['b', 'c'], b: ['c'], c: [] }))).toEqual([]);
  });
});
