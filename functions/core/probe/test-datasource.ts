import { Failure } from '../model/errors.ts';
import type { Clock } from '../model/ports/host.ts';
import type { Table } from '../model/ports/table.ts';
import type { EffectiveConfig } from '../registry/effective-config.ts';
import { type OpenDeps, openBucket } from '../registry/open-bucket.ts';
import { readScope } from '../registry/read-scope.ts';
import { askPage } from '../source/page-proof.ts';

export type ConnectionTest = {
  readonly success: boolean;
  /** Time the bucket took to answer; null if it did not. */
  readonly latency_ms: number | null;
  readonly message: string;
};

export type TestDeps = OpenDeps & { readonly table: Table; readonly clock: Clock };

/**
 * Lists one object of the datasource's scope to see whether its settings work. A bucket that refuses is an answer, not
 * an error: `success` is false and the message says what to fix. Throws Failure `not_found` for the datasource.
 */
export async function testDatasource(deps: TestDeps, id: string): Promise<ConnectionTest> {
  const { config } = await readScope(deps.table, id);
  return tryScope(deps, config);
}

/** The same for settings, whosesoever they are. */
export async function tryScope(deps: Omit<TestDeps, 'table'>, config: EffectiveConfig): Promise<ConnectionTest> {
  const beganAt = deps.clock.now();
  try {
    const bucket = await openBucket(deps, config);
    try {
      const { objects } = await askPage(bucket, { bucket: config.bucket, prefix: config.prefix, maxKeys: 1 });
      const message = objects.length > 0 ? 'Connection established successfully.' : emptyMessage(config.prefix);
      return { success: true, latency_ms: deps.clock.now() - beganAt, message };
    } finally {
      bucket.close();
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { success: false, latency_ms: null, message: error.message };
  }
}

function emptyMessage(prefix: string): string {
  const where = prefix === '' ? 'the bucket' : `the prefix ${JSON.stringify(prefix)}`;
  return `Connection established successfully; ${where} holds no objects.`;
}
