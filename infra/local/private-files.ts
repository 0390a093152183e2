import { chmodSync, lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';

/** Undefined on Windows, which knows no such owners and modes: there the folder's own access list decides. */
const ourUid = process.getuid?.();

/** Bits by which anybody but the owner may do anything. */
const foreignBits = 0o077;
const root = 0;

/**
 * Makes a folder 0700 and all that lies directly in it 0600, folders 0700, whatever it was: `mkdir` leaves one that stands
 * as it is, and SQLite makes files as the umask says. Throws Error where that cannot be: a foreign owner, whose own the
 * files would stay; a link in place of one of `ours`, through which another file would be read, written or emptied; a
 * file system that keeps no modes.
 *
 * @param ours names of files and folders that this process opens in it.
 * @param uid who we are; root may use a folder of somebody else.
 * @returns what others could get at before, by name; `.` is the folder itself.
 */
export function keepPrivate(path: string, ours: readonly string[], uid = ourUid): string[] {
  if (uid === undefined) return [];
  const folder = statSync(path);
  const owners = uid === root ? [root, folder.uid] : [uid];
  const itself = lstatSync(path);
  // A link is followed where nobody else can turn it.
  if (itself.isSymbolicLink()) demandOwner(path, itself, [...owners, root]);
  const loose = tighten(path, folder, owners) ? ['.'] : [];
  for (const name of readdirSync(path)) {
    const file = join(path, name);
    const entry = lstatSync(file, { throwIfNoEntry: false });
    // Another process, which has the folder, took it away.
    if (entry === undefined) continue;
    if (entry.isFile() || entry.isDirectory()) loose.push(...(tighten(file, entry, owners) ? [name] : []));
    else if (ours.includes(name)) throw new Error(`${name} in it is a link: put the file itself there`);
  }
  return loose;
}

/** True if it was open to others. */
function tighten(path: string, stats: Stats, owners: readonly number[]): boolean {
  demandOwner(path, stats, owners);
  if ((stats.mode & foreignBits) === 0) return false;
  chmodSync(path, stats.mode & 0o700);
  if ((statSync(path).mode & foreignBits) === 0) return true;
  throw new Error(`${path} stays open to other users, for its file system keeps no modes`);
}

function demandOwner(path: string, { uid }: Stats, owners: readonly number[]): void {
  if (owners.includes(uid)) return;
  throw new Error(`${path} belongs to another user (uid ${uid}, and this process is ${owners[0]})`);
}
