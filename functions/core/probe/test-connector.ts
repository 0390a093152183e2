import { Failure } from '../model/errors.ts';
import type { ConnectorRow } from '../registry/connector.ts';
import { effectiveConfig } from '../registry/effective-config.ts';
import { noteTested } from '../registry/tested-at.ts';
import { type ConnectionTest, failedTest, type TestDeps, tryScope } from './test-datasource.ts';

/**
 * Lists one object of a connector's bucket to see whether its settings work, and notes when. A bucket that refuses, or
 * settings that lack something, are an answer and no error: `success` is false and the message says what to fix.
 */
export async function testConnector(deps: TestDeps, connector: ConnectorRow): Promise<ConnectionTest> {
  const result = await tryConnector(deps, connector);
  await noteTested(deps.table, connector, new Date(deps.clock.now()).toISOString());
  return result;
}

async function tryConnector(deps: TestDeps, connector: ConnectorRow): Promise<ConnectionTest> {
  try {
    const nothingOfItsOwn = { config: {}, secrets: {}, owner: connector.owner };
    return await tryScope(deps, effectiveConfig(connector, nothingOfItsOwn));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return failedTest(error);
  }
}
