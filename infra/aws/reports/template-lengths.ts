import { type Finding, type LintedTemplate, ofType } from './linted-template.ts';

type Limit = { readonly most: number; readonly characters?: RegExp };

/** By type and property; from the reference of each service's call that creates it. */
const limits: Readonly<Record<string, Readonly<Record<string, Limit>>>> = {
  'AWS::Lambda::Function': { FunctionName: { most: 64, characters: /^[\w-]+$/ }, Description: { most: 256 } },
  'AWS::SQS::Queue': { QueueName: { most: 80, characters: /^[\w-]+(\.fifo)?$/ } },
  'AWS::Events::EventBus': { Name: { most: 256, characters: /^[\w.-]+$/ }, Description: { most: 512 } },
  'AWS::Events::Rule': { Name: { most: 64, characters: /^[\w.-]+$/ }, Description: { most: 512 } },
  'AWS::IAM::Role': { RoleName: { most: 64, characters: /^[\w+=,.@-]+$/ }, Description: { most: 1000 } },
  'AWS::IAM::Policy': { PolicyName: { most: 128, characters: /^[\w+=,.@-]+$/ } },
  'AWS::Scheduler::ScheduleGroup': { Name: { most: 64, characters: /^(?!default$)[\w.-]+$/ } },
  'AWS::CloudWatch::Alarm': { AlarmName: { most: 255 }, AlarmDescription: { most: 1024 } },
  'AWS::CloudWatch::Dashboard': { DashboardName: { most: 255, characters: /^[\w-]+$/ } },
  'AWS::Logs::LogGroup': { LogGroupName: { most: 512, characters: /^[\w./#-]+$/ } },
  'AWS::Logs::MetricFilter': { FilterName: { most: 512 }, FilterPattern: { most: 1024 } },
  'AWS::ApiGatewayV2::Api': { Name: { most: 128 } },
  'AWS::ApiGatewayV2::Stage': { StageName: { most: 128, characters: /^(\$default|[\w-]+)$/ } },
  'AWS::SNS::Topic': { TopicName: { most: 256, characters: /^[\w-]+(\.fifo)?$/ }, DisplayName: { most: 100 } },
  'AWS::DynamoDB::Table': { TableName: { most: 255, characters: /^[\w.-]{3,}$/ } },
  'AWS::SecretsManager::Secret': { Name: { most: 512, characters: /^[\w/+=.@-]+$/ }, Description: { most: 2048 } },
  'AWS::KMS::Alias': { AliasName: { most: 256, characters: /^alias\/(?!aws\/)[\w/-]+$/ } },
};

/** Names and descriptions as far as the template writes them out. */
export function lengthProblems(template: LintedTemplate): Finding[] {
  return Object.entries(limits).flatMap(([type, properties]) =>
    ofType(template, type).flatMap(([id, resource]) =>
      Object.entries(properties).flatMap(([property, limit]) => {
        const value = resource[property];
        const problem = typeof value === 'string' ? problemOf(value, limit) : undefined;
        return problem === undefined ? [] : [{ rule: 'length', text: `${id}.${property} ${problem}` }];
      }),
    ),
  );
}

function problemOf(value: string, { most, characters }: Limit): string | undefined {
  if (value.length > most) return `has ${value.length} characters, and AWS takes ${most}`;
  if (value === '') return 'is empty';
  return characters === undefined || characters.test(value)
    ? undefined
    : `"${value}" does not match ${characters.source}`;
}
