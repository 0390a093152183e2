import { Failure } from '../model/errors.ts';
import type { Clock } from '../model/ports/host.ts';
import type { Table } from '../model/ports/table.ts';
import type { EffectiveConfig } from '../registry/effective-config.ts';
import { type OpenDeps, openBucket } from '../registry/open-bucket.ts';
import { readScope } from '../registry/read-scope.ts';
import { meetServer } from './meet-server.ts';

export type ConnectionTest = {
  readonly success: boolean;
  /** Time the bucket took to answer; null if it did not. */
  readonly latency_ms: number | null;
  readonly message: string;
  /** What somebody should know before the first sync, a sentence each. */
  readonly warnings: readonly string[];
  /** What there was no time, or nothing, to ask for: `cursor`, `start-after`, `head`. */
  readonly unasked: readonly string[];
};

/** The limit of S3's listing. */
const largestPage = 1000;

export type TestDeps = OpenDeps & { readonly table: Table; readonly clock: Clock };

/**
 * Asks the bucket of a datasource what a sync would, to see whether its settings work and what a sync will meet. A bucket that refuses is an answer, not
 * an error: `success` is false and the message says what to fix. Throws Failure `not_found` for the datasource.
 */
export async function testDatasource(deps: TestDeps, id: string): Promise<ConnectionTest> {
  const { row, config } = await readScope(deps.table, id);
  return tryScope(deps, config, row.sync.page_size);
}

/** The same for settings, whosesoever they are. */
export async function tryScope(
  deps: Omit<TestDeps, 'table'>,
  config: EffectiveConfig,
  pageSize = largestPage,
): Promise<ConnectionTest> {
  const beganAt = deps.clock.now();
  try {
    const bucket = await openBucket(deps, config);
    try {
      const { bucket: name, endpoint, prefix } = config;
      const met = await meetServer({ bucket, name, endpoint, prefix, pageSize, clock: deps.clock });
      const message = met.objects > 0 ? 'Connection established successfully.' : emptyMessage(prefix);
      const { warnings, unasked, answeredAt } = met;
      return { success: true, latency_ms: answeredAt - beganAt, message, warnings, unasked };
    } finally {
      bucket.close();
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return failedTest(error);
  }
}

/** A test that came to nothing, with the message that says what to fix. */
export function failedTest({ message }: Failure): ConnectionTest {
  return { success: false, latency_ms: null, message, warnings: [], unasked: [] };
}

function emptyMessage(prefix: string): string {
  const where = prefix === '' ? 'the bucket' : `the prefix ${JSON.stringify(prefix)}`;
  return `Connection established successfully; ${where} holds no objects.`;
}
