import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { BUNDLING_STACKS } from 'aws-cdk-lib/cx-api';
import type { StackConfig } from './config/config.ts';
import { Refusal } from './config/refusal.ts';
import { sizeProblems } from './constructs/size-limits.ts';
import { StocktakeStack } from './stocktake-stack.ts';

/** Puts the stack together without bundling, which takes most of the time. Throws a Refusal if AWS would not take it. */
export function rehearse(config: StackConfig): void {
  const outdir = mkdtempSync(join(tmpdir(), 'stocktake-rehearsal-'));
  try {
    const app = new App({ outdir, autoSynth: false, postCliContext: { [BUNDLING_STACKS]: [] } });
    const problems = sizeProblems(new StocktakeStack(app, 'Stocktake', config));
    if (problems.length > 0) throw new Refusal(`this stack cannot be deployed: ${problems.join('; ')}`);
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
