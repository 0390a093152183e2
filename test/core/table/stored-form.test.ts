import { expect, test } from 'vitest';
import { Failure } from '#core/model/errors.ts';
import type { Item } from '#core/model/ports/table.ts';
import { type ChangedKind, createFormReader, inTodaysForm } from '#core/table/stored-form.ts';

const item = (v?: number): Item => ({ pk: 'lot', sk: 'a', size: '5', ...(v === undefined ? {} : { v }) });

/** A release in which lots have form 4: their size became a number, then got a name of its own. */
const kind: ChangedKind = {
  holds: ({ pk }) => pk === 'lot',
  form: 4,
  lifts: [
    ({ size, ...lot }) => ({ ...lot, v: 3, size: Number(size) }) as Item,
    ({ size, ...lot }) => ({ ...lot, v: 4, pieces: size }) as Item,
  ],
};
const read = createFormReader([kind]);

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure && error.code === 'other_form') return error.message;
    throw error;
  }
  throw new Error('was not refused');
}

test('given an item of a former form, when it is read, then it is lifted form by form; one of today stays as it is', () => {
  const { size: _size, ...lot } = item(4);
  expect(read(item(2))).toEqual({ ...lot, pieces: 5 });
  expect(read({ ...item(3), size: 5 })).toEqual({ ...lot, pieces: 5 });
  const today = item(4);
  expect(read(today)).toBe(today);
});

test('given an item of a newer form, when it is read, then one sentence says what to deploy', () => {
  expect(refusal(() => read(item(5)))).toMatch(
    /^an item of the table was written by a newer Stocktake \(it has form 5, this version reads up to form 4\): deploy that version again, or go back to a copy .*$/,
  );
  expect(refusal(() => inTodaysForm(item(2)))).toMatch(/form 2, this version reads up to form 1/);
});

test('given an item that nothing lifts any more, when it is read, then the versions between are asked for', () => {
  for (const old of [item(1), item(), item(0)]) {
    expect(refusal(() => read(old))).toMatch(
      /too old .* this version reads from form 2 on\): deploy the versions between/,
    );
  }
});

test('given a kind that never changed, then its items are of form 1, whether they say so or not', () => {
  for (const other of [
    { ...item(), pk: 'crate' },
    { ...item(1), pk: 'crate' },
  ]) {
    expect(read(other)).toBe(other);
    expect(inTodaysForm(other)).toBe(other);
  }
});
