import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { ASSET_RESOURCE_METADATA_ENABLED_CONTEXT, ASSET_RESOURCE_METADATA_PATH_KEY } from 'aws-cdk-lib/cx-api';
import { readConfig } from '../config/config.ts';
import { StocktakeStack } from '../stocktake-stack.ts';

/** Bytes, minified: what a cold start has to load and parse. A function that outgrows its budget took in too much. */
const budgets: Readonly<Record<string, number>> = {
  api: 700_000,
  // With the clients of S3 and STS beside all that an HTTP function has.
  probe: 950_000,
  sync: 850_000,
  jobs: 750_000,
  schedules: 600_000,
  publisher: 500_000,
};

/** A function's code as it is deployed. */
export type Bundle = {
  /** Folder under functions/handlers. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** As many bytes as it may have; none for a function that nobody thought of. */
  readonly budget: number;
  /** Names of the variables that the function is given. */
  readonly variables: readonly string[];
};

/** Bundles every function as a deployment would, hands the bundles to `use`, and removes them again. */
export async function withBundles<Result>(use: (bundles: readonly Bundle[]) => Promise<Result>): Promise<Result> {
  const outdir = mkdtempSync(join(tmpdir(), 'stocktake-bundles-'));
  try {
    return await use(bundle(outdir));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

function bundle(outdir: string): Bundle[] {
  const app = new App({ outdir, context: { [ASSET_RESOURCE_METADATA_ENABLED_CONTEXT]: true } });
  const stack = new StocktakeStack(app, 'Stocktake', readConfig({}));
  app.synth();
  const functions = stack.node.findAll().filter((node) => CfnFunction.isCfnFunction(node));
  return functions.map((fn) => {
    const folder = join(outdir, String(fn.cfnOptions.metadata?.[ASSET_RESOURCE_METADATA_PATH_KEY]));
    const [file = ''] = readdirSync(folder);
    const path = join(folder, file);
    const environment = stack.resolve(fn.environment) as { variables?: Record<string, unknown> } | undefined;
    const variables = Object.keys(environment?.variables ?? {});
    const name = fn.node.path.split('/')[1]?.toLowerCase() ?? '';
    return { name, path, bytes: statSync(path).size, budget: budgets[name] ?? 0, variables };
  });
}
