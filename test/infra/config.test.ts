import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defaultQuotas } from '#core/model/quota.ts';
import { readConfig } from '../../infra/aws/config/config.ts';
import { createApp, createStack } from './stack-template.ts';

const vpc = { subnetIds: 'subnet-0123456789abcdef0, subnet-11112222', securityGroupIds: 'sg-0123456789abcdef0' };
const table = 'arn:aws:dynamodb:eu-west-1:111122223333:table/kept';
const acl = 'arn:aws:wafv2:us-east-1:111122223333:global/webacl/acme/11112222-3333';
const certificate = 'arn:aws:acm:eu-west-1:111122223333:certificate/11112222-3333';

describe('the context of the stack', () => {
  test('given nothing, the defaults of the design hold', () => {
    expect(readConfig({})).toEqual({
      namePrefix: 'stocktake',
      logRetentionDays: 30,
      removalPolicy: 'retain',
      privateEndpoints: [],
      assumableRoles: [],
      throttleRate: 50,
      throttleBurst: 100,
      corsOrigins: [],
      minimumIntervalSeconds: 10,
      maxDatasources: defaultQuotas.datasources,
      maxConnectors: defaultQuotas.connectors,
      maxObjectsPerDatasource: defaultQuotas.objects,
      syncMemoryMb: 1769,
      syncWorkers: 4,
      runTimeLimitSeconds: 86_400,
      holdAboveObjects: 10,
      holdAboveShare: 0.15,
      tags: {},
      allowedCidrs: [],
      subnetIds: [],
      securityGroupIds: [],
      frontDoorRotation: 1,
      accountConcurrency: 1000,
    });
  });

  test('given text as -c gives it, numbers and lists are read', () => {
    const config = readConfig({
      logRetentionDays: '7',
      privateEndpoints: 'minio.internal:9000, 10.0.0.5',
      ...vpc,
      corsOrigins: 'https://app.example.com',
      alarmEmail: 'ops@example.com',
      syncConcurrency: '20',
      holdAboveShare: '0.5',
      runTimeLimitSeconds: 1200,
    });
    expect(config).toMatchObject({
      logRetentionDays: 7,
      privateEndpoints: ['minio.internal:9000', '10.0.0.5'],
      corsOrigins: ['https://app.example.com'],
      alarmEmail: 'ops@example.com',
      syncConcurrency: 20,
      holdAboveShare: 0.5,
      runTimeLimitSeconds: 1200,
    });
    expect(readConfig({ assumableRoles: '*' }).assumableRoles).toEqual(['*']);
    const roles = ['arn:aws:iam::111122223333:role/read-*', 'arn:aws-cn:iam::*:role/team/?'];
    expect(readConfig({ assumableRoles: roles.join(', ') }).assumableRoles).toEqual(roles);
    expect(readConfig({ privateEndpoints: '' }).privateEndpoints).toEqual([]);
    expect(readConfig({ privateEndpoints: ['[fd00::1]:9000'], ...vpc }).privateEndpoints).toEqual(['[fd00::1]:9000']);
  });

  const bad: [string, unknown][] = [
    ['namePrefix', 'Upper Case'],
    ['namePrefix', ''],
    ['logRetentionDays', '8'],
    ['logRetentionDays', 'forever'],
    ['removalPolicy', 'delete'],
    ['privateEndpoints', 'http://minio:9000'],
    // What the functions would refuse, and with it every datasource:
    ['privateEndpoints', 'minio:99999'],
    ['privateEndpoints', '127.1'],
    ['privateEndpoints', 'minio..internal'],
    ['assumableRoles', 'read-photos'],
    ['assumableRoles', 'arn:aws:iam::111122223333:user/me'],
    ['assumableRoles', 'arn:aws:iam::111122223333:*'],
    ['assumableRoles', 'arn:aws:iam::111122223333:role/a b'],
    ['assumableRoles', 'arn:*'],
    ['alarmEmail', 'nobody'],
    ['throttleRate', '0'],
    ['throttleBurst', '1.5'],
    ['corsOrigins', 'https://app.example.com/path'],
    // API Gateway would take it for an origin of that very name.
    ['corsOrigins', 'https://*.example.com'],
    ['minimumIntervalSeconds', '10s'],
    ['minimumIntervalSeconds', '5'],
    ['syncMemoryMb', '128'],
    ['syncConcurrency', '2'],
    ['apiConcurrency', '0'],
    ['apiConcurrency', '2 of them'],
    ['runTimeLimitSeconds', '-1'],
    ['holdAboveObjects', ''],
    ['holdAboveShare', '15'],
    ['holdAboveShare', 0.000_000_1],
    ['namePrefix', 5],
    ['tableWarmWrites', '3999'],
    ['tableWarmWrites', '20k'],
    ['restoredTableStreamArn', 5],
    ['restoredTableStreamArn', 'arn:aws:dynamodb:eu-west-1:111122223333:table/restored'],
    ['tableArn', `${table}/stream/2026-01-01T00:00:00.000`],
    ['tableStreamArn', table],
    ['secretsKeyArn', 'arn:aws:kms:eu-west-1:111122223333:alias/stocktake'],
    ['eventBusName', 'arn:aws:events:eu-west-1:111122223333:event-bus/acme'],
    ['alarmTopicArn', 'acme-alarms'],
    ['alarmTopicArn', 'arn:aws:sns:eu-west-1:111122223333:acme.fifo'],
    ['permissionsBoundary', 'boundary'],
    ['tags', 'team'],
    ['tags', '=data'],
    ['tags', 'aws:team=data'],
    ['tags', { team: 'data!' }],
    ['tags', 5],
    ['customDomain', 'Catalogue.example.com'],
    ['customDomain', 'catalogue'],
    ['customDomain', 'https://catalogue.example.com'],
    ['certificateArn', 'arn:aws:iam::111122223333:server-certificate/x'],
    ['allowedCidrs', '203.0.113.9'],
    ['allowedCidrs', '10.0.0.5/8'],
    ['allowedCidrs', '2001:db8::1/32'],
    ['allowedCidrs', '10.0.0.0/33'],
    ['allowedCidrs', '10/8'],
    ['subnetIds', 'vpc-0123456789abcdef0'],
    ['securityGroupIds', 'default'],
    ['frontDoor', 'waf'],
    ['frontDoor', ''],
    // Of the scope REGIONAL, in another region, and of the first WAF.
    ['webAclArn', 'arn:aws:wafv2:us-east-1:111122223333:regional/webacl/acme/1111'],
    ['webAclArn', 'arn:aws:wafv2:eu-west-1:111122223333:global/webacl/acme/1111'],
    ['webAclArn', '11112222-3333-4444-5555-666677778888'],
    ['frontDoorRotation', '0'],
    ['accountConcurrency', '9'],
  ];
  test.each(bad)('given %s=%j, the error names the key and what it must be', (key, value) => {
    expect(() => readConfig({ [key]: value })).toThrow(new RegExp(`-c ${key}(\\.\\d+)?: must (be|have|write) \\S`));
  });

  const contradicting: [Record<string, string>, string][] = [
    [{ privateEndpoints: '10.0.0.5' }, 'privateEndpoints: must come with subnetIds'],
    [{ subnetIds: vpc.subnetIds }, 'subnetIds: must come with securityGroupIds'],
    [{ securityGroupIds: vpc.securityGroupIds }, 'securityGroupIds: must come with subnetIds'],
    [{ tableArn: table }, 'tableArn: must come with tableStreamArn'],
    [{ tableStreamArn: `${table}/stream/1` }, 'tableStreamArn: must come with tableArn'],
    [{ tableArn: table, tableStreamArn: `${table}-2/stream/1` }, 'tableStreamArn: must be the stream of the table'],
    [
      { restoredTableStreamArn: `${table}/stream/1`, tableArn: table, tableStreamArn: `${table}/stream/1` },
      'restoredTableStreamArn: must not come with tableArn',
    ],
    [{ customDomain: 'a.example.com' }, 'customDomain: must come with certificateArn'],
    [{ certificateArn: certificate }, 'certificateArn: must come with customDomain'],
    [{ webAclArn: acl }, 'webAclArn: must come with frontDoor=cloudfront'],
    [
      { frontDoor: 'cloudfront', customDomain: 'a.example.com', certificateArn: certificate },
      'certificateArn: must be in us-east-1 with frontDoor=cloudfront',
    ],
    [
      { alarmEmail: 'ops@example.com', alarmTopicArn: 'arn:aws:sns:eu-west-1:111122223333:acme' },
      'alarmEmail: must not come with alarmTopicArn',
    ],
  ];
  test.each(contradicting)(
    'given %j, the settings contradict each other, and it says which is to be changed',
    (set, why) => {
      expect(refusal(set)).toContain(`-c ${why}`);
    },
  );

  test('given what exists, it is taken as it is written', () => {
    const set = {
      ...{ tableArn: table, tableStreamArn: `${table}/stream/2026-01-01T00:00:00.000`, customDomain: 'a.example.com' },
      ...{ secretsKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/mrk-1', eventBusName: 'default' },
      ...{ alarmTopicArn: 'arn:aws-us-gov:sns:us-gov-west-1:111122223333:acme', certificateArn: certificate },
      permissionsBoundary: 'arn:aws:iam::111122223333:policy/team/boundary',
    };
    expect(readConfig(set)).toMatchObject(set);
    const lists = { ...vpc, allowedCidrs: '203.0.113.0/24, 2001:db8::/32', tags: 'team=data, cost centre=a=b' };
    expect(readConfig(lists)).toMatchObject({
      subnetIds: ['subnet-0123456789abcdef0', 'subnet-11112222'],
      allowedCidrs: ['203.0.113.0/24', '2001:db8::/32'],
      tags: { team: 'data', 'cost centre': 'a=b' },
    });
    expect(readConfig({ tags: { team: 'data' } }).tags).toEqual({ team: 'data' });
  });

  test('given several mistakes, all of them are told, unknown keys with the known ones', () => {
    const read = () => readConfig({ logRetentionDay: '7', removalPolicy: 'x' });
    expect(read).toThrow(/-c logRetentionDay: is not known; known are .*logRetentionDays/);
    expect(read).toThrow(/-c removalPolicy: must be retain or destroy/);
  });

  test('given the README, it has each key with its default, and no other', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const [, table = ''] = /refused at synth:\n\n\| key \|.*\n\|[- |]+\|\n((?:\|.*\n)+)/.exec(readme) ?? [];
    const told = table.split('\n').flatMap((row) => {
      const [, keys = '', defaults = ''] = row.split('|');
      const values = defaults.split(',').map((value) => value.replaceAll('`', '').trim());
      return [...keys.matchAll(/`(\w+)`/g)].map(([, key = ''], index) => [key, values[index] ?? ''] as const);
    });
    const known = /known are (.*)$/.exec(refusal({ unheardOf: 1 }))?.[1]?.split(', ') ?? [];
    expect(told.map(([key]) => key).sort()).toEqual([...known].sort());
    const defaults: Readonly<Record<string, unknown>> = readConfig({});
    for (const [key, value] of told) {
      const wanted = value === 'none' || value === '' ? '' : value;
      const found = defaults[key] ?? '';
      expect([key, key === 'tags' ? '' : String(found)]).toEqual([key, wanted]);
    }
  });

  test('given an unknown key at synth, there is no stack', () => {
    expect(() => createStack(createApp({ retention: '7' }))).toThrow(/-c retention: is not known/);
  });

  test('given the keys of the CDK itself and of cdk.json, they are let be', () => {
    const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'));
    const own = { 'aws:cdk:bundling-stacks': ['**'], '@aws-cdk/core:newStyleStackSynthesis': true };
    expect(readConfig({ ...context, ...own })).toEqual(readConfig({}));
  });
});

function refusal(context: Readonly<Record<string, unknown>>): string {
  try {
    readConfig(context);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
}
