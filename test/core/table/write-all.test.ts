import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PlainWrite } from '#core/model/ports/table.ts';
import { writeAll } from '#core/table/write-all.ts';

const puts = (count: number): PlainWrite[] =>
  Array.from({ length: count }, (_, index) => ({ put: { pk: 'p', sk: String(index) } }));

/** A table that takes so many of a batch each time that it is asked. */
function taking(counts: readonly number[]) {
  const sent: number[] = [];
  const batchWrite = async (writes: readonly PlainWrite[]): Promise<readonly PlainWrite[]> => {
    sent.push(writes.length);
    return writes.slice(counts[sent.length - 1] ?? writes.length);
  };
  return { sent, batchWrite };
}

describe('a batch without conditions', () => {
  it('is sent until all of it is taken, and the right to write is asked for before each time', async () => {
    const table = taking([4, 0, 1]);
    const asked: unknown[] = [];
    await writeAll(table, puts(10), async (pushedBack) => void asked.push(pushedBack));
    expect(table.sent).toEqual([10, 6, 6, 5]);
    expect(asked).toEqual([undefined, { taken: 4 }, { taken: 0 }, { taken: 1 }]);
  });

  it('is not sent again where there is no right any more, nor asked for where there is nothing', async () => {
    const table = taking([4, 0]);
    let asked = 0;
    const lost = new Error('lost');
    const mayWrite = async (): Promise<void> => {
      asked += 1;
      if (asked === 3) throw lost;
    };
    await expect(writeAll(table, puts(10), mayWrite)).rejects.toBe(lost);
    expect(table.sent).toEqual([10, 6]);
    await writeAll(table, [], mayWrite);
    expect(asked).toBe(3);
  });

  it('is written by those alone who look at what was not taken', () => {
    const root = join(import.meta.dirname, '../../../functions');
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const callers = files.filter((file) => readFileSync(join(root, file), 'utf8').includes('.batchWrite('));
    expect(callers.map((file) => file.replaceAll('\\', '/')).sort()).toEqual([
      // A purge, whose uid nobody else may write to; and what a run that has ended leaves to its expiry.
      'core/purges/empty-partitions.ts',
      'core/runs/finish-run.ts',
      'core/table/patient-table.ts',
      'core/table/write-all.ts',
    ]);
  });
});
