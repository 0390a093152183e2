import type { Environment } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { readSettings, type StackSettings } from './config/config.ts';
import { StocktakeStack } from './stocktake-stack.ts';

/** The settings of the README, all of them optional, and where the stack is to stand. */
export type StocktakeProps = StackSettings & { readonly env?: Environment };

/** Stocktake as a stack of somebody else's CDK app. Throws if a setting is unknown or cannot be. */
export class Stocktake extends StocktakeStack {
  constructor(scope: Construct, id: string, props: StocktakeProps = {}) {
    const { env, ...settings } = props;
    super(scope, id, readSettings(settings), env);
  }
}
