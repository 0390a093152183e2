const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The namespace of every S3 answer but errors. */
export const s3Namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';

/**
 * Text as S3 writes it into XML: a carriage return as `&#13;` (a parser would turn a raw one into a line feed), other
 * control characters as `&#x1;` and so on, which XML 1.0 forbids and S3 sends all the same.
 */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"]|[^\t\n\u0020-\ufffd\u{10000}-\u{10ffff}]/gu, (character) => {
    if (character === '\r') return '&#13;';
    return named[character] ?? `&#x${character.charCodeAt(0).toString(16)};`;
  });
}

/** One element with text in it. */
export function element(name: string, text: string | number | boolean): string {
  return `<${name}>${escapeXml(String(text))}</${name}>`;
}

/** A document with its declaration. */
export function xmlDocument(root: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}`;
}

/** Inner texts of all elements of that name, unread: enough for the few small documents that clients send. */
export function innerTexts(xml: string, name: string): string[] {
  const texts: string[] = [];
  const opening = `<${name}`;
  const closing = `</${name}>`;
  for (let at = xml.indexOf(opening); at >= 0; at = xml.indexOf(opening, at)) {
    at += opening.length;
    // Not one whose name begins so.
    if (!/[\s>]/.test(xml[at] ?? '')) continue;
    const begin = xml.indexOf('>', at) + 1;
    const end = xml.indexOf(closing, begin);
    if (begin === 0 || end < 0) break;
    texts.push(xml.slice(begin, end));
    at = end + closing.length;
  }
  return texts;
}

/** Text read back from XML: numeric and the five named references. */
export function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#([0-9]+)|([a-z]+));/gi, (whole, hex, decimal, name) => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal) return String.fromCodePoint(Number(decimal));
    return entities[name] ?? whole;
  });
}
