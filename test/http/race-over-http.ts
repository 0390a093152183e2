import { expect } from 'vitest';
import type { Table } from '#core/model/ports/table.ts';
import { type RaceOutcome, raceWriters } from '#support/overtaken-writers.ts';
import { createApi, datasourceBody } from './api-fixture.ts';

/** The whole race, in which all 500 try again until each has won, is `npm run prove -- --only lost-updates`. */
const fewAtOnce = 4;

/** Lets so many writers change one datasource of an empty store, under If-Match. */
export async function race(table: Table, writers: number, atOnce = fewAtOnce): Promise<RaceOutcome> {
  const api = createApi({ deps: { table } });
  await api.call('POST', '/datasource', { body: datasourceBody({ id: 'ds', description: '' }) });
  return raceWriters(
    (ifMatch, body) =>
      api.call(body === undefined ? 'GET' : 'PUT', '/datasource/ds', {
        headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
        body,
      }),
    writers,
    atOnce,
  );
}

export function expectAllWritten({ wrong, won, written }: RaceOutcome, writers: number): void {
  expect(wrong).toEqual([]);
  expect(won).toBe(writers);
  expect(new Set(written).size).toBe(writers);
  expect(written).toHaveLength(writers);
}
