import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Texts of which none may be found, by a name to tell them by. */
export type Canaries = Readonly<Record<string, string>>;

/**
 * Which canaries are in a text, and in what form: as they are, in base64 (of both alphabets, wherever it begins), in
 * hexadecimal or percent-encoded, in any case. Each is known by twenty characters in a row, from any third place on. Written
 * by itself, so that it does not share a mistake with what it checks.
 */
export function findCanaries(text: string, canaries: Canaries): string[] {
  const plain = text.toLowerCase();
  const found = new Set<string>();
  for (const [name, canary] of Object.entries(canaries)) {
    for (const [form, written] of spellings(canary)) {
      if (pieces(written.toLowerCase()).some((piece) => plain.includes(piece))) found.add(`${name} ${form}`);
    }
  }
  return [...found];
}

function spellings(canary: string): [string, string][] {
  const shifted = ['', 'x', 'xx'].map((before) =>
    Buffer.from(before + canary)
      .toString('base64')
      .slice(4, -4),
  );
  const percent = encodeURIComponent(canary);
  return [
    ['as it is', canary],
    ...shifted.map((each): [string, string] => ['in base64', each]),
    ...shifted.map((each): [string, string] => ['in base64url', each.replaceAll('+', '-').replaceAll('/', '_')]),
    ['in hexadecimal', Buffer.from(canary).toString('hex')],
    ['percent-encoded', percent],
    ['percent-encoded twice', encodeURIComponent(percent)],
    ['in JSON', canary.replaceAll('/', '\\/')],
  ];
}

function pieces(text: string): string[] {
  const size = 20;
  const found: string[] = [];
  for (let from = 0; from + size <= text.length; from += 3) found.push(text.slice(from, from + size));
  return found;
}

/** Which of these signatures, of 64 characters each, are in a text: as they are, in hexadecimal or in base64. */
export function findSignatures(text: string, signatures: ReadonlySet<string>): string[] {
  const isOne = (each: string) => signatures.has(each.toLowerCase());
  const found = (text.match(/[0-9a-f]{64}/gi) ?? []).filter(isOne);
  const runs = text.match(/[A-Za-z0-9+/_-]{85,}/g) ?? [];
  const decoded = runs.flatMap((run) => [
    ...[0, 1, 2, 3].map((skipped) => Buffer.from(run.slice(skipped), 'base64').toString('latin1')),
    Buffer.from(run, 'hex').toString('latin1'),
  ]);
  const hidden = decoded.flatMap((each) => each.match(/[0-9a-f]{64}/gi) ?? []).filter(isOne);
  return [...new Set([...found, ...hidden])];
}

/** The bytes of each file under a folder, as text. */
export function filesUnder(folder: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) for (const [inner, text] of filesUnder(path)) files.set(inner, text);
    else files.set(path, readFileSync(path, 'latin1'));
  }
  return files;
}
