import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll } from 'vitest';
import { readConfig } from '../../infra/aws/config/config.ts';
import { StocktakeStack } from '../../infra/aws/stocktake-stack.ts';

export type Resource = {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
};

export type StackTemplate = {
  readonly template: Template;
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outputs: Readonly<Record<string, { readonly Value: unknown; readonly Description?: string }>>;
  /** The resources of a type, by their logical ids. */
  ofType(type: string): [id: string, resource: Resource][];
};

const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'));

/** Where the apps of a test file put what they synthesize, which the CDK itself would leave behind. */
const folder = mkdtempSync(join(tmpdir(), 'stocktake-synth-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An app as the CLI starts it, without bundling. */
export function createApp(settings: Readonly<Record<string, unknown>> = {}): App {
  const outdir = mkdtempSync(join(folder, 'app-'));
  return new App({ outdir, context: { ...context, 'aws:cdk:bundling-stacks': [], ...settings } });
}

export function createStack(app: App): StocktakeStack {
  return new StocktakeStack(app, 'Stocktake', readConfig(app.node.getAllContext()));
}

export function synthesize(settings: Readonly<Record<string, unknown>> = {}): StackTemplate {
  const template = Template.fromStack(createStack(createApp(settings)));
  const { Resources: resources, Outputs: outputs } = template.toJSON();
  return {
    template,
    resources,
    outputs,
    ofType: (type) => Object.entries<Resource>(resources).filter(([, resource]) => resource.Type === type),
  };
}

/** An intrinsic function as text: `<Logical>`, `<Logical.Attribute>`, joined. */
export function render(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if ('Ref' in value) return `<${value.Ref}>`;
  if ('Fn::GetAtt' in value) return `<${(value['Fn::GetAtt'] as string[]).join('.')}>`;
  if ('Fn::Join' in value) {
    const [separator, parts] = value['Fn::Join'] as [string, unknown[]];
    return parts.map(render).join(separator);
  }
  if ('Fn::Sub' in value) return String(value['Fn::Sub']);
  return JSON.stringify(value);
}
