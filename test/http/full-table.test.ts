import { expect, test } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { PushedBack } from '#core/model/errors.ts';
import { createApi } from './api-fixture.ts';

test.each(['/datasource/d', '/v1/connectors/1'])(
  'given a table that takes no more, %s is 503 in its dialect, says when again, and an operator finds it in the log',
  async (path) => {
    const get = async () => {
      throw new PushedBack('ThrottlingException');
    };
    const api = createApi({ deps: { table: { ...openSqliteTable(':memory:'), get } } });
    const { status, json, headers } = await api.call('GET', path);
    expect([status, headers['retry-after']]).toEqual([503, '5']);
    expect(JSON.stringify(json)).toMatch(/nothing was done, try again in 5 s/);
    const failed = api.log.lines.filter(({ fact }) => fact === 'request failed');
    expect(failed).toMatchObject([{ level: 'error', fields: { error: 'PushedBack' } }]);
  },
);
