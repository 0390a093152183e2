import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Finding, LintedTemplate } from '../../infra/aws/reports/linted-template.ts';
import { lintTemplate } from '../../infra/aws/reports/template-lint.ts';
import { synthesize } from './stack-template.ts';

const roles = Array.from({ length: 40 }, (_, index) => `arn:aws:iam::111122223333:role/reader-of-photos-${index}`);

/** Settings that change what is in the template, each at the greatest it may have. */
const matrix: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  defaults: {},
  'the longest prefix': { namePrefix: 'a'.repeat(30), alarmEmail: 'ops@example.com', logRetentionDays: 3653 },
  'destroy and CORS': { removalPolicy: 'destroy', corsOrigins: 'https://app.example.com', syncConcurrency: '10' },
  'many roles': { assumableRoles: roles.join(',') },
  'all that exists': {
    tableArn: 'arn:aws:dynamodb:eu-west-1:111122223333:table/kept',
    tableStreamArn: 'arn:aws:dynamodb:eu-west-1:111122223333:table/kept/stream/2026-01-01T00:00:00.000',
    secretsKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/11112222-3333-4444-5555-666677778888',
    ...{ eventBusName: 'acme', alarmTopicArn: 'arn:aws:sns:eu-west-1:111122223333:acme', tags: 'team=data' },
    ...{ customDomain: 'a.example.com', certificateArn: 'arn:aws:acm:eu-west-1:111122223333:certificate/1' },
    permissionsBoundary: 'arn:aws:iam::111122223333:policy/boundary',
  },
  'a front door': {
    ...{ frontDoor: 'cloudfront', customDomain: 'catalogue.example.com', namePrefix: 'a'.repeat(30) },
    certificateArn: 'arn:aws:acm:us-east-1:111122223333:certificate/11112222',
    webAclArn: 'arn:aws:wafv2:us-east-1:111122223333:global/webacl/acme/11112222',
  },
  'a VPC': {
    ...{ subnetIds: 'subnet-11112222,subnet-33334444', securityGroupIds: 'sg-11112222' },
    ...{ privateEndpoints: '10.0.0.5:9000', allowedCidrs: '203.0.113.0/24' },
  },
};

const only = (type: string, properties: object): LintedTemplate => ({
  Resources: { It: { Type: type, Properties: { ...properties } } },
});
const rulesOf = (findings: readonly Finding[]) => [...new Set(findings.map(({ rule }) => rule))].sort();

describe('what AWS refuses and emulators take', () => {
  test.each(Object.entries(matrix))('given the settings of %s, the template has none of it', (_, settings) => {
    const findings = lintTemplate(synthesize(settings).template.toJSON() as LintedTemplate);
    expect(findings.map(({ text }) => text)).toEqual([]);
  });

  test('given what commit e3a1fbe would have deployed, each kind that AWS refused is found', () => {
    const old = JSON.parse(readFileSync(new URL('./template-of-e3a1fbe.json', import.meta.url), 'utf8'));
    const findings = lintTemplate(old);
    expect(rulesOf(findings)).toEqual(['access-log', 'alarm', 'route-key', 'route-settings']);
    const texts = findings.map(({ text }) => text).join('\n');
    expect(texts).toMatch(/POST \/datasource\/ has the part "", which does not match/);
    expect(texts).toMatch(/throttlestable\w+: FILL in 3 of 3: it can be stuck in OK/);
  });

  const refused: [string, string, object][] = [
    ['route-key', 'AWS::ApiGatewayV2::Route', { RouteKey: 'GET /a/' }],
    ['route-key', 'AWS::ApiGatewayV2::Route', { RouteKey: 'GET /a/{b c}' }],
    ['route-key', 'AWS::ApiGatewayV2::Route', { RouteKey: 'GET /{rest+}/a' }],
    ['route-key', 'AWS::ApiGatewayV2::Route', { RouteKey: 'FETCH /a' }],
    ['route-settings', 'AWS::ApiGatewayV2::Stage', { RouteSettings: { 'GET /gone': {} } }],
    ['length', 'AWS::Lambda::Function', { FunctionName: 'f'.repeat(65) }],
    ['length', 'AWS::Scheduler::ScheduleGroup', { Name: 'default' }],
    ['length', 'AWS::CloudWatch::Dashboard', { DashboardName: 'a b' }],
    ['length', 'AWS::SNS::Topic', { DisplayName: 'x'.repeat(101) }],
    ['expression', 'AWS::Events::Rule', { ScheduleExpression: 'rate(1 minutes)' }],
    ['expression', 'AWS::Events::Rule', { ScheduleExpression: 'rate(5 minute)' }],
    ['expression', 'AWS::Events::Rule', { ScheduleExpression: 'cron(0 12 * * * *)' }],
    ['expression', 'AWS::Scheduler::Schedule', { ScheduleExpression: 'cron(0 12 * * ?)' }],
    ['size', 'AWS::Lambda::Function', { Environment: { Variables: { A: 'x'.repeat(4090) } } }],
    ['size', 'AWS::IAM::Policy', { Roles: [{ Ref: 'R' }], PolicyDocument: { Statement: ['x'.repeat(10_230)] } }],
    ['alarm', 'AWS::CloudWatch::Alarm', { EvaluationPeriods: 2, DatapointsToAlarm: 3 }],
    ['alarm', 'AWS::CloudWatch::Alarm', { EvaluationPeriods: 1, Metrics: [{ Expression: 'FILL(m, 0)' }] }],
    ['alarm', 'AWS::CloudWatch::Alarm', { EvaluationPeriods: 97, Period: 900 }],
    ['alarm', 'AWS::CloudWatch::Alarm', { EvaluationPeriods: 1, Period: 45 }],
  ];
  test.each(refused)(
    'given a mistake of the kind %s in %s %j, it is found and nothing else',
    (rule, type, properties) => {
      expect(rulesOf(lintTemplate(only(type, properties)))).toEqual([rule]);
    },
  );

  const taken: [string, object][] = [
    ['AWS::ApiGatewayV2::Route', { RouteKey: '$default' }],
    ['AWS::ApiGatewayV2::Route', { RouteKey: 'ANY /v1/{proxy+}' }],
    ['AWS::ApiGatewayV2::Route', { RouteKey: 'GET /' }],
    ['AWS::Events::Rule', { ScheduleExpression: 'rate(1 minute)' }],
    ['AWS::Events::Rule', { ScheduleExpression: 'cron(0/15 8-18 ? * MON-FRI *)' }],
    ['AWS::Events::Rule', { EventPattern: { source: ['stocktake'] } }],
    ['AWS::CloudWatch::Alarm', { EvaluationPeriods: 5, DatapointsToAlarm: 3, Metrics: [{ Expression: 'FILL(m, 0)' }] }],
    ['AWS::Lambda::Function', { Environment: { Variables: { A: 'x'.repeat(4080) } } }],
  ];
  test.each(taken)('given what AWS takes, %s %j, nothing is found', (type, properties) => {
    expect(lintTemplate(only(type, properties))).toEqual([]);
  });
});
