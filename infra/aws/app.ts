import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { readConfig } from './config/config.ts';
import { StocktakeStack } from './stocktake-stack.ts';

const app = new App();
new StocktakeStack(app, 'Stocktake', readConfig(app.node.getAllContext()));
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
