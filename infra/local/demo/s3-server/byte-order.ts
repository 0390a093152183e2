/**
 * A string whose UTF-16 order is the key's UTF-8 byte order, so that a million keys sort with the engine's own `<`.
 * The two orders part only above U+D7FF: UTF-16 puts surrogates (all astral characters) before U+E000–U+FFFF, UTF-8
 * puts them after. Shifting both blocks past each other repairs that; keys without such characters rank as themselves.
 * `text` must be well formed. The rank of a prefix is a prefix of the rank.
 */
export function rankOf(text: string): string {
  return text.replace(/[\ud800-\uffff]/g, (unit) => {
    const code = unit.charCodeAt(0);
    return String.fromCharCode(code >= 0xe000 ? code - 0x800 : code + 0x2000);
  });
}
