/**
 * What a key says about its file. A key is read literally: the slashes alone divide it, so empty segments stay, and
 * `.` and `..` are names like any other. Nothing is lost:
 * `key === parentFolders(key).map((folder) => folder + '/').join('') + baseName(key) + (isFolder(key) ? '/' : '')`.
 */
type KeyParts = { readonly folders: readonly string[]; readonly name: string };

/** A key that ends in a slash is the marker of a folder, usually of zero bytes. */
export function isFolder(key: string): boolean {
  return key.endsWith('/');
}

/** The last segment: `report.pdf` of `a/report.pdf`, `folder` of the marker `folder/`; empty for `/` and `a//`. */
export function baseName(key: string): string {
  return split(key).name;
}

/** The folders above, outermost first: `['a', 'b']` for `a/b/c.txt`, `[]` at the root, `['', 'a']` for `/a/b.txt`. */
export function parentFolders(key: string): string[] {
  return [...split(key).folders];
}

/** The folders above as one text: `/a/b/`, and `/` at the root. A leading slash in the key shows as `//`. */
export function categoryOf(key: string): string {
  return `/${split(key)
    .folders.map((folder) => `${folder}/`)
    .join('')}`;
}

/**
 * The text behind the last dot of the file's own name, in lower case: `gz` of `a.tar.gz`, `env` of `.env`. Undefined
 * without a dot, with nothing behind it, and for folder markers. A filter by several extensions (extension.ts) finds by it,
 * and by more of the name's end.
 */
export function extensionOf(key: string): string | undefined {
  const name = key.slice(key.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot >= 0 && dot < name.length - 1 ? name.slice(dot + 1).toLowerCase() : undefined;
}

function split(key: string): KeyParts {
  const segments = (isFolder(key) ? key.slice(0, -1) : key).split('/');
  return { folders: segments.slice(0, -1), name: segments.at(-1) ?? '' };
}
