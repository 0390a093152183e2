import { decodeEntities } from './xml-entities.ts';

/** Told of each element as it goes by. Depth is 1 at the root. */
export type XmlListener = {
  /** Returns in words why the rest should not be read, if it should not. */
  start(name: string, depth: number): string | undefined;
  /** `text` is the element's character data, entities resolved; undefined if it had child elements, or an ampersand that
   *  begins no entity of XML. */
  end(name: string, depth: number, text: string | undefined): void;
};

export type XmlOutcome = {
  /** Name of the root element as written, '' when there is none. */
  readonly root: string;
  /** Tags matched, and nothing but space and comments stood outside of the root element. */
  readonly wellFormed: boolean;
  /** What it refused to read, in words. */
  readonly unreadable?: string;
  /** Some text held an ampersand that begins no entity of XML; absent when none did. */
  readonly strayAmpersand?: true;
};

/** S3's own documents go four deep. */
const MAX_DEPTH = 16;
const elementName = /^[A-Za-z_][\w.:-]*$/;

/**
 * Walks the XML that S3 servers write, once, in time linear to its length, and never throws whatever it is given.
 * Attributes and namespaces are passed over: a prefixed name is a name of its own. Line ends are kept as they are
 * (an XML parser would turn the CR of a key into LF), and so are control characters that XML forbids but servers
 * write. A DOCTYPE is refused: no S3 answer has one, and entities come in through it.
 */
export function scanXml(text: string, listener: XmlListener): XmlOutcome {
  return new XmlScanner(text, listener).run();
}

class XmlScanner {
  readonly #source: string;
  readonly #listener: XmlListener;
  readonly #open: string[] = [];
  /** Tags without attributes seen so far; a listing repeats a dozen of them a thousand times. The name that comes out
   *  is one and the same string each time, whose hash is known: listeners look names up. */
  readonly #plainNames = new Map<string, string>();
  #at = 0;
  #root = '';
  #text = '';
  #innermost = false;
  #strayHere = false;
  #strayAnywhere = false;
  #broken = false;
  #unreadable: string | undefined;

  constructor(source: string, listener: XmlListener) {
    this.#source = source;
    this.#listener = listener;
  }

  run(): XmlOutcome {
    while (this.#at < this.#source.length && !this.#broken && this.#unreadable === undefined) this.#step();
    const wellFormed = !this.#broken && this.#unreadable === undefined && this.#root !== '' && this.#open.length === 0;
    return {
      root: this.#root,
      wellFormed,
      ...(this.#unreadable === undefined ? {} : { unreadable: this.#unreadable }),
      ...(this.#strayAnywhere ? { strayAmpersand: true } : {}),
    };
  }

  #step(): void {
    const tag = this.#source.indexOf('<', this.#at);
    const end = tag === -1 ? this.#source.length : tag;
    if (end > this.#at) this.#characters(this.#source.slice(this.#at, end));
    this.#at = end;
    if (tag === -1) return;
    const mark = this.#source[tag + 1];
    if (mark === '/') this.#endTag();
    else if (mark === '!') this.#declaration();
    else if (mark === '?') this.#instruction();
    else this.#startTag();
  }

  #characters(raw: string): void {
    if (this.#open.length === 0) {
      if (/\S/.test(raw)) this.#broken = true;
    } else if (this.#innermost) {
      const text = raw.includes('&') ? decodeEntities(raw) : raw;
      if (text === undefined) this.#strayHere = this.#strayAnywhere = true;
      else this.#text = this.#text === '' ? text : this.#text + text;
    }
  }

  #declaration(): void {
    if (this.#source.startsWith('<!--', this.#at)) {
      this.#skipPast('-->', 4);
    } else if (this.#source.startsWith('<![CDATA[', this.#at) && this.#open.length > 0) {
      const from = this.#at + 9;
      if (this.#skipPast(']]>', 9) && this.#innermost) this.#text += this.#source.slice(from, this.#at - 3);
    } else if (/^<!DOCTYPE/i.test(this.#source.slice(this.#at, this.#at + 9))) {
      this.#unreadable = 'a DOCTYPE, which no S3 answer has (is it a web page?)';
    } else {
      this.#broken = true;
    }
  }

  #instruction(): void {
    const from = this.#at;
    if (!this.#skipPast('?>', 2)) return;
    const encoding = /^<\?xml\s[^>]*encoding\s*=\s*["']([^"']*)["']/.exec(
      this.#source.slice(from, Math.min(this.#at, from + 200)),
    )?.[1];
    if (encoding !== undefined && !/^(utf-?8|us-ascii)$/i.test(encoding)) {
      this.#unreadable = 'an encoding other than UTF-8';
    }
  }

  #skipPast(terminator: string, from: number): boolean {
    const end = this.#source.indexOf(terminator, this.#at + from);
    if (end === -1) this.#broken = true;
    else this.#at = end + terminator.length;
    return end !== -1;
  }

  #startTag(): void {
    const close = this.#source.indexOf('>', this.#at);
    const body = close === -1 ? '' : this.#source.slice(this.#at + 1, close);
    const known = this.#plainNames.get(body);
    if (known !== undefined) {
      this.#at = close + 1;
      this.#push(known);
    } else if (elementName.test(body)) {
      if (this.#plainNames.size < 100) this.#plainNames.set(body, body);
      this.#at = close + 1;
      this.#push(body);
    } else {
      this.#startTagWithAttributes();
    }
  }

  #startTagWithAttributes(): void {
    const end = tagEnd(this.#source, this.#at + 1);
    const body = end === -1 ? '' : this.#source.slice(this.#at + 1, end);
    const empty = body.endsWith('/');
    const name = /^[^\s/]*/.exec(body)?.[0] ?? '';
    if (!elementName.test(name)) {
      this.#broken = true;
      return;
    }
    this.#at = end + 1;
    if (this.#push(name) && empty) this.#pop(name);
  }

  #push(name: string): boolean {
    if (this.#open.length === 0) {
      if (this.#root !== '') {
        this.#broken = true;
        return false;
      }
      this.#root = name;
    } else if (this.#open.length === MAX_DEPTH) {
      this.#unreadable = `elements nested more than ${MAX_DEPTH} deep`;
      return false;
    }
    this.#open.push(name);
    this.#text = '';
    this.#innermost = true;
    this.#strayHere = false;
    this.#unreadable = this.#listener.start(name, this.#open.length);
    return this.#unreadable === undefined;
  }

  #endTag(): void {
    const name = this.#open.at(-1);
    if (name === undefined || !this.#source.startsWith(name, this.#at + 2)) {
      this.#broken = true;
      return;
    }
    let end = this.#at + 2 + name.length;
    while (isSpace(this.#source.charCodeAt(end))) end++;
    if (this.#source[end] !== '>') {
      this.#broken = true;
      return;
    }
    this.#at = end + 1;
    this.#pop(name);
  }

  #pop(name: string): void {
    const depth = this.#open.length;
    this.#open.pop();
    const text = this.#innermost && !this.#strayHere ? this.#text : undefined;
    this.#innermost = false;
    this.#listener.end(name, depth, text);
  }
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}

/** Where the tag ends: the first `>` outside of quotes; -1 if it does not, or another tag begins before. */
function tagEnd(source: string, from: number): number {
  let quote = '';
  for (let i = from; i < source.length; i++) {
    const character = source[i] ?? '';
    if (character === '<') return -1;
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '>') {
      return i;
    } else if (character === '"' || character === "'") {
      quote = character;
    }
  }
  return -1;
}
