import { describe, expect, test } from 'vitest';
import { createApp, createStack, render, synthesize } from './stack-template.ts';

const account = 'eu-west-1:111122223333';
const table = `arn:aws:dynamodb:${account}:table/kept`;
const stream = `${table}/stream/2026-01-01T00:00:00.000`;
const key = `arn:aws:kms:${account}:key/11112222-3333-4444-5555-666677778888`;
const topic = `arn:aws:sns:${account}:acme-alarms`;
const boundary = 'arn:aws:iam::111122223333:policy/boundary';

const stack = synthesize({
  ...{ tableArn: table, tableStreamArn: stream, secretsKeyArn: key, eventBusName: 'acme', alarmTopicArn: topic },
  ...{ permissionsBoundary: boundary, customDomain: 'catalogue.example.com' },
  certificateArn: `arn:aws:acm:${account}:certificate/11112222`,
});

type Statement = { readonly Effect: string; readonly Action: string | string[]; readonly Resource: unknown };

/** Every resource that a role may do something to with actions of a service. */
function granted(service: string): Set<string> {
  const statements = stack.ofType('AWS::IAM::Policy').flatMap(([, { Properties }]) => {
    const { Statement } = Properties.PolicyDocument as { Statement: Statement[] };
    return Statement;
  });
  const own = statements.filter(({ Action }) => [Action].flat().every((action) => action.startsWith(`${service}:`)));
  return new Set(own.flatMap(({ Resource }) => [Resource].flat().map(render)));
}

const variablesOf = (name: string) =>
  stack
    .ofType('AWS::Lambda::Function')
    .filter(([id]) => id.startsWith(`${name}Function`))
    .map(([, { Properties }]) => (Properties.Environment as { Variables: Record<string, unknown> }).Variables)[0];

describe('what exists is used', () => {
  test('given table, key, bus and topic, the stack makes none of its own', () => {
    for (const type of ['AWS::DynamoDB::Table', 'AWS::KMS::Key', 'AWS::Events::EventBus', 'AWS::SNS::Topic']) {
      expect([type, stack.ofType(type)]).toEqual([type, []]);
    }
  });

  test('given a table, functions, permissions and both readers of its stream use it', () => {
    for (const name of ['Api', 'Probe', 'Sync', 'Schedules', 'Publisher', 'Jobs']) {
      expect(variablesOf(name)).toMatchObject({ TABLE_NAME: 'kept' });
    }
    // ListStreams takes no resource.
    expect(granted('dynamodb')).toEqual(new Set([table, stream, '*']));
    const sources = stack
      .ofType('AWS::Lambda::EventSourceMapping')
      .map(([, { Properties }]) => render(Properties.EventSourceArn));
    expect(sources.filter((source) => source === stream)).toHaveLength(2);
    expect(stack.outputs.TableName?.Value).toBe('kept');
  });

  test('given a key, functions seal and open with it and may use no other', () => {
    expect(granted('kms')).toEqual(new Set([key]));
    for (const name of ['Api', 'Probe', 'Sync', 'Publisher', 'Jobs']) {
      expect(variablesOf(name)).toMatchObject({ KEY_ARN: key });
    }
  });

  test('given a bus, events go there and webhooks are fed from there', () => {
    expect(variablesOf('Publisher')).toMatchObject({ BUS_NAME: 'acme' });
    expect([...granted('events')]).toEqual([expect.stringMatching(/:event-bus\/acme$/)]);
    const buses = stack.ofType('AWS::Events::Rule').map(([, { Properties }]) => Properties.EventBusName);
    expect(buses.filter((name) => name !== undefined)).toEqual(['acme']);
  });

  test('given a topic, all alarms ring there', () => {
    const alarms = stack.ofType('AWS::CloudWatch::Alarm');
    expect(alarms.length).toBeGreaterThan(10);
    for (const [, { Properties }] of alarms) expect(Properties.AlarmActions).toEqual([topic]);
    expect(stack.outputs.AlarmTopicArn?.Value).toBe(topic);
  });

  test('given a boundary, every role stands under it', () => {
    const roles = stack.ofType('AWS::IAM::Role');
    expect(roles.length).toBeGreaterThan(6);
    for (const [id, { Properties }] of roles) expect([id, Properties.PermissionsBoundary]).toEqual([id, boundary]);
  });

  test('given a domain, it leads to the stage once that is there, over TLS 1.2, and DNS is told where to', () => {
    const [[domain] = []] = stack.ofType('AWS::ApiGatewayV2::DomainName');
    stack.template.hasResourceProperties('AWS::ApiGatewayV2::DomainName', {
      DomainName: 'catalogue.example.com',
      DomainNameConfigurations: [{ EndpointType: 'REGIONAL', SecurityPolicy: 'TLS_1_2' }],
    });
    const [[stage] = []] = stack.ofType('AWS::ApiGatewayV2::Stage');
    stack.template.hasResource('AWS::ApiGatewayV2::ApiMapping', {
      Properties: { DomainName: { Ref: domain }, Stage: '$default' },
    });
    const [[, mapping] = []] = stack.ofType('AWS::ApiGatewayV2::ApiMapping');
    expect((mapping as unknown as { DependsOn: string[] }).DependsOn).toContain(stage);
    expect(render(stack.outputs.DomainTarget?.Value)).toBe(`<${domain}.RegionalDomainName>`);
  });

  test("given tags, they are the stack's, so that CloudFormation gives them to all that takes tags", () => {
    const app = createApp({ tags: 'team=data,cost centre=4711' });
    const { artifactId } = createStack(app);
    expect(app.synth().getStackArtifact(artifactId).tags).toEqual({ team: 'data', 'cost centre': '4711' });
  });
});

describe('the networks that may call', () => {
  test('given none or some, both functions behind the API are told', () => {
    expect(variablesOf('Api')).toMatchObject({ ALLOWED_CIDRS: '' });
    const closed = synthesize({ allowedCidrs: '203.0.113.0/24,2001:db8::/32' });
    for (const name of ['Api', 'Probe']) {
      const [[, fn] = []] = closed.ofType('AWS::Lambda::Function').filter(([id]) => id.startsWith(`${name}Function`));
      expect(fn?.Properties.Environment).toMatchObject({
        Variables: { ALLOWED_CIDRS: '203.0.113.0/24,2001:db8::/32' },
      });
    }
  });
});

describe('the VPC', () => {
  const vpc = { subnetIds: 'subnet-11112222,subnet-33334444', securityGroupIds: 'sg-11112222' };
  const inside = synthesize(vpc);
  const dialling = ['Jobs', 'Probe', 'Publisher', 'Sync'];
  const nameOf = (id: string) => /^[A-Z][a-z]+/.exec(id)?.[0];

  test('given subnets and security groups, the functions that dial stand there and the others in none', () => {
    const placed = inside.ofType('AWS::Lambda::Function').filter(([, { Properties }]) => Properties.VpcConfig);
    expect(placed.map(([id]) => nameOf(id)).sort()).toEqual(dialling);
    for (const [, { Properties }] of placed) {
      expect(Properties.VpcConfig).toEqual({
        SubnetIds: ['subnet-11112222', 'subnet-33334444'],
        SecurityGroupIds: ['sg-11112222'],
      });
    }
    expect(stack.ofType('AWS::Lambda::Function').filter(([, { Properties }]) => Properties.VpcConfig)).toEqual([]);
  });

  test('given them, Lambda may make its interfaces under their roles, and their own code may not', () => {
    const policies = inside.ofType('AWS::IAM::Policy').map(([id, { Properties }]) => {
      const { Statement } = Properties.PolicyDocument as { Statement: (Statement & { Condition?: object })[] };
      return [
        nameOf(id),
        Statement.filter(({ Action }) => [Action].flat().some((action) => /^ec2:/.test(action))),
      ] as const;
    });
    const allowed = policies.filter(([, statements]) => statements.length > 0);
    expect(allowed.map(([name]) => name).sort()).toEqual(dialling);
    for (const [, [allow, deny, ...others]] of allowed) {
      expect(others).toEqual([]);
      expect(allow).toMatchObject({ Effect: 'Allow', Resource: '*' });
      const actions = [allow!.Action].flat().filter((action) => action.startsWith('ec2:'));
      expect(actions).toHaveLength(8);
      expect(deny).toEqual({
        ...{ Effect: 'Deny', Action: actions, Resource: '*' },
        Condition: { Null: { 'lambda:SourceFunctionArn': 'false' } },
      });
    }
  });
});
