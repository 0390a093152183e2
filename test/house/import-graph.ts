import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** File → the files of the project that it imports, types included; paths from the project's root. */
export type ImportGraph = ReadonlyMap<string, ReadonlySet<string>>;

const root = join(import.meta.dirname, '../..');
const { imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { imports: Record<string, string> };
const aliases = Object.entries(imports).map(([from, to]) => [from.slice(0, -1), to.slice(2, -1)] as const);

/** Reads the imports of every TypeScript file below `folders`. Throws if one leads to a file that is not there. */
export function readImportGraph(folders: readonly string[]): ImportGraph {
  const files = folders.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root })).sort();
  const known = new Set(files);
  return new Map(
    files.map((file) => {
      const targets = specifiersOf(readFileSync(join(root, file), 'utf8')).flatMap((specifier) => {
        const target = resolve(file, specifier);
        if (target === undefined || !folders.some((folder) => target.startsWith(`${folder}/`))) return [];
        if (!known.has(target)) throw new Error(`${file} imports ${specifier}, which is not there`);
        return [target];
      });
      return [file, new Set(targets)];
    }),
  );
}

/** The same between folders: a room is the folder that holds a file. */
export function roomsOf(graph: ImportGraph): ImportGraph {
  const rooms = new Map<string, Set<string>>();
  for (const [file, targets] of graph) {
    const room = dirname(file);
    const entered = rooms.get(room) ?? new Set<string>();
    for (const target of targets) if (dirname(target) !== room) entered.add(dirname(target));
    rooms.set(room, entered);
  }
  return rooms;
}

/** Groups of nodes that reach each other: none where imports run one way. Tarjan's strongly connected components. */
export function circlesOf(graph: ImportGraph): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const path: string[] = [];
  const circles: string[][] = [];
  const visit = (node: string): number => {
    const mine = order.size;
    order.set(node, mine);
    low.set(node, mine);
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      const reached = order.has(next) ? (path.includes(next) ? (order.get(next) ?? mine) : mine) : visit(next);
      low.set(node, Math.min(low.get(node) ?? mine, reached));
    }
    if (low.get(node) === mine) {
      const circle = path.splice(path.indexOf(node));
      if (circle.length > 1) circles.push(circle.sort());
    }
    return low.get(node) ?? mine;
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return circles;
}

/** A room's floor: 0 if it imports no other, else one above the highest that it imports. For graphs without circles. */
export function floorsOf(graph: ImportGraph): Map<string, number> {
  const floors = new Map<string, number>();
  const floor = (node: string): number => {
    const known = floors.get(node);
    if (known !== undefined) return known;
    const below = [...(graph.get(node) ?? [])].map(floor);
    const result = below.length === 0 ? 0 : Math.max(...below) + 1;
    floors.set(node, result);
    return result;
  };
  for (const node of graph.keys()) floor(node);
  return floors;
}

function specifiersOf(source: string): string[] {
  const found = source.matchAll(
    /^(?:import|export)\b[^;'"]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm,
  );
  return [...found].map(([, ...groups]) => groups.find((group) => group !== undefined) ?? '');
}

function resolve(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return join(dirname(file), specifier);
  const alias = aliases.find(([from]) => specifier.startsWith(from));
  return alias === undefined ? undefined : join(alias[1], specifier.slice(alias[0].length));
}
