import { bare, formsOf, holdsForm, type SecretForm, unescaped } from './secret-forms.ts';

/** Texts are looked at in every so many bytes, the farther apart the quicker. Whole words of four bytes lie there. */
const strides = [16, 12, 8, 4] as const;

/** What is looked for at each place: so many characters of a secret in a row stand in no other text by accident. */
const WINDOW = 6;

/** Entries of each look-up table, 32 KiB: few enough to stay near the processor. A long session token fills a tenth. */
const TABLE_BITS = 15;

/** Of runs that are as long, not every window has to be known. */
const LONG_RUN = 48;

/** A character may be written in so many: `&#x0002F;`. Around a hit so many bytes are read. */
const REACH = 64 * 9;

/**
 * Looks for secrets in what a server wrote, in all forms of secret-forms.ts.
 *
 * The body of a page has 250 KB, and looking through it is to take next to nothing. So every eighth place is looked up in a
 * table of what could stand there, and only where that hits is anything compared: a hundredth of the time of reading the
 * page, where a search for each form by itself took a fifth.
 */
export class SecretSearch {
  readonly #forms = new Map<string, readonly SecretForm[]>();
  readonly #stride: number;
  /** What the first four characters of a window may be, and its last four. */
  readonly #begins = new Uint8Array(1 << TABLE_BITS);
  readonly #ends = new Uint8Array(1 << TABLE_BITS);
  readonly #windows = new Set<string>();

  constructor(secrets: readonly string[]) {
    const forms = secrets.map((secret) => ({ secret, forms: formsOf(secret) }));
    this.#stride = strideFor(forms.flatMap((each) => each.forms));
    for (const each of forms) this.#put(each.secret, each.forms);
  }

  /** Looks for this one, too, but only as a whole. */
  addWhole(secret: string): void {
    this.#put(secret, formsOf(secret, true));
  }

  /** Looks for one no longer. */
  drop(secret: string): void {
    for (const form of this.#forms.get(secret) ?? []) {
      for (const window of this.#windowsOf(form)) this.#windows.delete(window);
    }
    this.#forms.delete(secret);
  }

  /** True if one of the secrets is in the text, or enough of one to count. */
  isIn(text: string): boolean {
    return this.isInBytes(Buffer.from(text));
  }

  /** The same of text in UTF-8. Of bytes that were escaped although nobody needs to, see `isDisguised`. */
  isInBytes(bytes: Uint8Array): boolean {
    if (this.#forms.size === 0) return false;
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
    const words = new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
    const begins = this.#begins;
    const step = this.#stride / 4;
    let [from, to] = [0, -1];
    for (let at = 0; at < words.length; at += step) {
      if (begins[slotOf(words[at] ?? 0)] !== 1 || !this.#isWindow(bytes, at * 4)) continue;
      if (at * 4 - REACH > to) {
        if (this.#isBetween(bytes, from, to)) return true;
        from = Math.max(0, at * 4 - REACH);
      }
      to = at * 4 + REACH;
    }
    return this.#isBetween(bytes, from, to);
  }

  #isWindow(bytes: Uint8Array, at: number): boolean {
    return this.#ends[slotOf(wordAt(bytes, at + 2))] === 1 && this.#windows.has(windowAt(bytes, at));
  }

  /** Of hits that lie close together the text is read once: a server can repeat six characters of a signature without end. */
  #isBetween(bytes: Uint8Array, from: number, to: number): boolean {
    if (to < from) return false;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const near = bare(unescaped(text.toString('latin1', from, to)).toLowerCase());
    return [...this.#forms.values()].flat().some((form) => holdsForm(near, form));
  }

  #put(secret: string, forms: readonly SecretForm[]): void {
    if (this.#forms.has(secret)) return;
    this.#forms.set(secret, forms);
    for (const form of forms) {
      for (const window of this.#windowsOf(form)) {
        this.#windows.add(window);
        this.#begins[slotOf(wordOf(window, 0))] = 1;
        this.#ends[slotOf(wordOf(window, 2))] = 1;
      }
    }
  }

  /** Of a long run so many in a row that one of them is looked at, of a whole form the first ones; of others all. */
  #windowsOf({ text, run }: SecretForm): string[] {
    const windows: string[] = [];
    const isWhole = run >= LONG_RUN && run === text.length;
    const period = run < LONG_RUN ? 1 : run - WINDOW + 2 - this.#stride;
    const end = isWhole ? this.#stride : text.length - WINDOW + 1;
    for (let at = 0; at < end; at++) {
      if (at % period < this.#stride) windows.push(text.slice(at, at + WINDOW));
    }
    return windows;
  }
}

/** So close that letters and digits in a row of each form, which no escape changes, are not stepped over. */
function strideFor(forms: readonly SecretForm[]): number {
  const rows = forms.map(({ text }) => Math.max(...text.split(/[^a-z0-9]/).map((row) => row.length)));
  return strides.find((stride) => rows.every((length) => length >= stride + WINDOW - 1)) ?? 4;
}

/** By four bytes, letters of both cases alike. */
function slotOf(word: number): number {
  return Math.imul(word | 0x20202020, 0x9e3779b1) >>> (32 - TABLE_BITS);
}

/** Four characters as the machines that we run on, all little-endian, read them. */
function wordOf(text: string, at: number): number {
  const code = (offset: number) => text.charCodeAt(at + offset);
  return code(0) | (code(1) << 8) | (code(2) << 16) | (code(3) << 24);
}

/** Without a function for each byte: this runs some hundred times a page. */
function wordAt(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  const high = (bytes[at + 2] ?? 0) | ((bytes[at + 3] ?? 0) << 8);
  return low | (high << 16);
}

/** In small letters. A page may bring the same text to this place a thousand times, so that no buffer is made for it. */
function windowAt(bytes: Uint8Array, from: number): string {
  let window = '';
  for (let at = from; at < from + WINDOW; at++) {
    const code = bytes[at] ?? 0;
    window += String.fromCharCode(code >= 0x41 && code <= 0x5a ? code | 0x20 : code);
  }
  return window;
}
