import { statfs } from 'node:fs/promises';
import { Failure } from '#core/model/errors.ts';
import type { Clock } from '#core/model/ports/host.ts';
import type { Room } from '#core/model/ports/room.ts';

/** What a store of one machine takes in the meantime is some hundred megabytes at the most. */
const lookEveryMs = 5000;

/** Bytes that may still be written to the disk of a folder. */
export async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/**
 * Room on a disk, down to `leastFreeBytes`: what else runs on the machine needs some, and a full disk would stop all that
 * Stocktake does, deletions too.
 */
export function createDiskRoom(options: {
  readonly clock: Clock;
  readonly leastFreeBytes: number;
  readonly freeBytes: () => Promise<number>;
}): Room {
  const { clock, leastFreeBytes, freeBytes } = options;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let free = Promise.resolve(Number.POSITIVE_INFINITY);
  return {
    async demand() {
      const now = clock.now();
      // A clock that was set back looks at once.
      if (now - lookedAt >= lookEveryMs || now < lookedAt) {
        lookedAt = now;
        free = freeBytes();
        // Told by whoever awaits it.
        free.catch(() => {});
      }
      const left = await free;
      if (left < leastFreeBytes) throw full(left, leastFreeBytes);
    },
  };
}

function full(left: number, least: number): Failure {
  return new Failure(
    'quota_exceeded',
    `the disk of the data folder has ${megabytes(left)} MB left and ${megabytes(least)} MB stay free; what stands stays, and the next run goes on from where this one stopped. Make room, delete datasources, or lower the setting STOCKTAKE_MIN_FREE_MB`,
  );
}

function megabytes(bytes: number): string {
  return Math.floor(bytes / 1e6).toLocaleString('en');
}
