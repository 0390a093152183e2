import { type App, Validations } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { expect, test } from 'vitest';
import { createApp, createStack } from './stack-template.ts';

function checked(app: App): App {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  return app;
}

test.each([
  {},
  { assumableRoles: '*' },
  {
    assumableRoles:
      'arn:aws:iam::111122223333:role/read-*,arn:aws:iam::*:role/stock,arn:aws:iam::111122223333:role/one',
  },
  { frontDoor: 'cloudfront' },
  {
    ...{ frontDoor: 'cloudfront', customDomain: 'catalogue.example.com' },
    certificateArn: 'arn:aws:acm:us-east-1:111122223333:certificate/11112222',
    webAclArn: 'arn:aws:wafv2:us-east-1:111122223333:global/webacl/acme/11112222',
  },
  { removalPolicy: 'destroy', alarmEmail: 'ops@example.com', syncConcurrency: '10', namePrefix: 'other' },
])('given the context %j, both packs of cdk-nag find nothing', (context) => {
  const app = checked(createApp(context));
  createStack(app);
  expect(() => app.synth()).not.toThrow();
});

test('given a resource that breaks a rule, the packs do find it', () => {
  const app = checked(createApp());
  new Queue(createStack(app), 'Careless');
  expect(() => app.synth()).toThrow();
});

test('given any acknowledgement, it has a reason of its own words', () => {
  const app = createApp({ alarmEmail: 'ops@example.com' });
  const acknowledged = createStack(app)
    .node.findAll()
    .flatMap(({ node }) => node.metadata)
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .flatMap(({ data }) => Object.entries<string>(data));
  expect(acknowledged.length).toBeGreaterThan(10);
  for (const [id, reason] of acknowledged) expect([id, reason]).toEqual([id, expect.stringMatching(/^\S.{20,}\.$/)]);
});
