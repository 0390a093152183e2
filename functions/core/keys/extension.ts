import { isFolder } from './file-name.ts';

/** How an extension is written: `pdf`, `.pdf`, `tar.gz`, or `*` alone. Ours: 64 characters at most. */
export const extensionSpelling = /^\.?(?=\S{1,64}$)[^./\s]+(?:\.[^./\s]+)*$/u;

const everyFile = '*';

/** One spelling for all that mean the same: lower case, without the leading dot. */
export function plainExtension(text: string): string {
  return text.replace(/^\./, '').toLowerCase();
}

/** Why an extension that can be read is hardly what was meant; undefined for all others. */
export function extensionDoubt(text: string): string | undefined {
  if (text === everyFile || !text.includes('*')) return undefined;
  return 'has an asterisk that would stand for itself: write "*" alone for every file, "pdf" for *.pdf, and put globs into include';
}

/**
 * Whether a key is a file whose own name ends in a dot and one of the extensions, in any case: `gz` and `tar.gz` both
 * find `a.tar.gz`, `env` finds `.env`. `*` is every file, with or without an extension. A folder marker is no file.
 */
export function compileExtensions(extensions: readonly string[]): (key: string) => boolean {
  const wanted = new Set(extensions.map(plainExtension));
  if (wanted.has(everyFile)) return (key) => !isFolder(key);
  const mostParts = Math.max(...[...wanted].map((extension) => extension.split('.').length));
  return (key) => {
    const start = key.lastIndexOf('/') + 1;
    let dot = key.length;
    for (let parts = 1; parts <= mostParts && dot > start; parts++) {
      dot = key.lastIndexOf('.', dot - 1);
      if (dot < start) return false;
      if (wanted.has(key.slice(dot + 1).toLowerCase())) return true;
    }
    return false;
  };
}
