import { describe, expect, it } from 'vitest';
import { ConditionFailed, Failure } from '#core/model/errors.ts';
import { type ChangeSteps, changeRow } from '#core/registry/changes/change-row.ts';

type Row = { readonly tag: string; readonly version: number };

/** A row that is another one with each read, and the changes that were tried on it. */
function rowThat(reads: readonly (Row | undefined)[], failures: number, index = 0) {
  const tried: Row[] = [];
  const left = [...reads];
  const steps: ChangeSteps<Row, string> = {
    what: 'the row',
    tagOf: ({ tag }) => tag,
    readAgain: async () => left.shift(),
    change: async (row) => {
      tried.push(row);
      if (tried.length <= failures) throw new ConditionFailed(index);
      return 'done';
    },
    conflict: () => new Failure('conflict', 'overtaken'),
  };
  return { steps, tried };
}

const found = { tag: 'a', version: 1 };
const noted = (version: number): Row => ({ tag: 'a', version });
const changed: Row = { tag: 'b', version: 2 };
const demand = (tag: string): boolean => tag === 'a';

describe('changing a row', () => {
  it.each([
    ['nothing', undefined],
    ['its tag', demand],
  ])('given notes of the machine in between and %s demanded, it is changed as it is by then', async (_what, by) => {
    const { steps, tried } = rowThat([noted(2), noted(3)], 2);
    expect(await changeRow(found, by, steps)).toBe('done');
    expect(tried.map(({ version }) => version)).toEqual([1, 2, 3]);
  });

  it('given a change of somebody in between, it is a conflict, or told as the demand that does not hold any more', async () => {
    await expect(changeRow(found, undefined, rowThat([changed], 1).steps)).rejects.toMatchObject({ code: 'conflict' });
    const { steps, tried } = rowThat([changed], 1);
    await expect(changeRow(found, demand, steps)).rejects.toMatchObject({ code: 'precondition_failed' });
    expect(tried).toEqual([found]);
  });

  it('given a row that was deleted in between, it is told in the same way', async () => {
    await expect(changeRow(found, undefined, rowThat([undefined], 1).steps)).rejects.toMatchObject({
      code: 'conflict',
    });
    const refused = { code: 'precondition_failed' };
    await expect(changeRow(found, demand, rowThat([undefined], 1).steps)).rejects.toMatchObject(refused);
  });

  it('given another row of the transaction that changed, it is a conflict, and not tried again', async () => {
    const { steps, tried } = rowThat([noted(2)], 1, 1);
    await expect(changeRow(found, demand, steps)).rejects.toMatchObject({ code: 'conflict' });
    expect(tried).toHaveLength(1);
  });

  it('given a row that is never as it was read, it is a conflict after ten tries', async () => {
    const { steps, tried } = rowThat(
      Array.from({ length: 50 }, (_each, index) => noted(index)),
      50,
    );
    await expect(changeRow(found, undefined, steps)).rejects.toMatchObject({ code: 'conflict' });
    expect(tried).toHaveLength(10);
  });

  it('given a demand that does not hold from the beginning, nothing is tried', async () => {
    const { steps, tried } = rowThat([], 0);
    await expect(changeRow(changed, demand, steps)).rejects.toMatchObject({ code: 'precondition_failed' });
    expect(tried).toEqual([]);
  });
});
