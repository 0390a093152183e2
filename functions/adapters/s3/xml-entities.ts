const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** `&#x10FFFF;` is the longest that means something; zero-padded ones are given some room. */
const MAX_ENTITY_LENGTH = 16;

/**
 * Resolves the five entities of XML and character references, decimal and hexadecimal. Control characters other than
 * NUL are let through: S3 writes them so when a key holds one, although XML 1.0 has no place for them.
 *
 * @returns the text, or undefined if an ampersand begins anything else.
 */
export function decodeEntities(raw: string): string | undefined {
  let decoded = '';
  let from = 0;
  for (let at = raw.indexOf('&'); at !== -1; at = raw.indexOf('&', from)) {
    const end = raw.slice(at, at + MAX_ENTITY_LENGTH).indexOf(';');
    const character = end === -1 ? undefined : resolve(raw.slice(at + 1, at + end));
    if (character === undefined) return undefined;
    decoded += raw.slice(from, at) + character;
    from = at + end + 1;
  }
  return decoded + raw.slice(from);
}

function resolve(entity: string): string | undefined {
  if (!entity.startsWith('#')) return Object.hasOwn(named, entity) ? named[entity] : undefined;
  const digits = /^#(?:x([0-9a-fA-F]+)|([0-9]+))$/.exec(entity);
  if (digits === null) return undefined;
  const code = digits[1] === undefined ? Number.parseInt(digits[2] ?? '', 10) : Number.parseInt(digits[1], 16);
  const character = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return character ? String.fromCodePoint(code) : undefined;
}
