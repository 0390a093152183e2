import * as z from 'zod';
import { type Column, failed, passed } from '../column.ts';

const answer = z.object({
  success: z.boolean(),
  message: z.string(),
  warnings: z.array(z.string()).optional(),
});

/** The longest that somebody is to wait for it. */
const MOST_MS = 20_000;

export const connectionTest: Column = {
  name: 'test',
  what: '`_test` says within 20 s that it works',
  withinMs: 60_000,
  async run({ stocktake }) {
    const began = Date.now();
    const { status, body } = await stocktake.request('POST', '/datasource/first/_test');
    const took = Date.now() - began;
    const { success, message, warnings = [] } = answer.parse(body);
    if (status !== 200 || !success) return failed(`${status}: ${message}`);
    if (took > MOST_MS) return failed(`took ${took} ms`);
    return passed(warnings.length === 0 ? '✓' : `✓ ${warnings.length} warnings: ${warnings.join(' ')}`);
  },
};
