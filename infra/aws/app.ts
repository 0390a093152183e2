import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { readConfig } from './config/config.ts';
import { Refusal } from './config/refusal.ts';
import { rehearse } from './rehearsal.ts';
import { StocktakeStack } from './stocktake-stack.ts';

try {
  const app = new App();
  const config = readConfig(app.node.getAllContext());
  rehearse(config);
  new StocktakeStack(app, 'Stocktake', config);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  process.stderr.write(`${error.message}\n`);
  // At once, for the app would write what there is of it when nothing is left to do.
  process.exit(1);
}
