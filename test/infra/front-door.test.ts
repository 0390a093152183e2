import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { frontDoorHeaders } from '#http/steps/front-door.ts';
import { render, type StackTemplate, synthesize } from './stack-template.ts';

const domain = {
  customDomain: 'catalogue.example.com',
  certificateArn: 'arn:aws:acm:us-east-1:111122223333:certificate/11112222',
};
const acl = 'arn:aws:wafv2:us-east-1:111122223333:global/webacl/acme/11112222-3333-4444-5555-666677778888';

type DistributionConfig = {
  readonly Origins: readonly {
    readonly DomainName: unknown;
    readonly CustomOriginConfig: unknown;
    readonly OriginCustomHeaders: readonly { readonly HeaderName: string; readonly HeaderValue: unknown }[];
  }[];
  readonly DefaultCacheBehavior: Readonly<Record<string, unknown>>;
  readonly Comment: string;
};

function distributionOf(stack: StackTemplate): DistributionConfig {
  const [[, { Properties }] = expect.unreachable(), ...others] = stack.ofType('AWS::CloudFront::Distribution');
  expect(others).toEqual([]);
  return Properties.DistributionConfig as DistributionConfig;
}

function told(stack: StackTemplate, name: string): unknown {
  const [[, fn] = expect.unreachable()] = stack
    .ofType('AWS::Lambda::Function')
    .filter(([id]) => id.startsWith(`${name}Function`));
  return (fn.Properties.Environment as { Variables: Record<string, unknown> }).Variables.FRONT_DOOR_SECRET_ARN;
}

const stack = synthesize({ frontDoor: 'cloudfront' });
const secretIds = (from: StackTemplate) =>
  from.ofType('AWS::SecretsManager::Secret').flatMap(([id]) => (id.startsWith('FrontDoor') ? [id] : []));

describe('a distribution in front', () => {
  test('given none, there is neither distribution nor secret, and functions answer whoever comes', () => {
    const plain = synthesize();
    expect(plain.ofType('AWS::CloudFront::Distribution')).toEqual([]);
    expect(secretIds(plain)).toEqual([]);
    for (const name of ['Api', 'Probe']) expect(told(plain, name)).toBe('');
  });

  test('given one, it keeps nothing, passes on all but Host, over TLS 1.2 alone, and takes every method', () => {
    const { Origins, DefaultCacheBehavior, ...rest } = distributionOf(stack);
    expect(rest).toMatchObject({ Enabled: true, HttpVersion: 'http2and3' });
    expect(DefaultCacheBehavior).toMatchObject({
      // The managed policies CachingDisabled and AllViewerExceptHostHeader:
      // https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
      CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
      OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
      ViewerProtocolPolicy: 'https-only',
      AllowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'],
    });
    const [origin = expect.unreachable(), ...others] = Origins;
    expect(others).toEqual([]);
    expect(JSON.stringify(origin.DomainName)).toMatch(/HttpApi\w+","ApiEndpoint"/);
    expect(origin.CustomOriginConfig).toMatchObject({
      ...{ OriginProtocolPolicy: 'https-only', OriginSSLProtocols: ['TLSv1.2'], OriginReadTimeout: 30 },
    });
  });

  test('given its secret, it is made at deploy, in no template, and the functions behind it are told where it is', () => {
    const [id = expect.unreachable()] = secretIds(stack);
    const [header = expect.unreachable(), ...others] = distributionOf(stack).Origins[0]?.OriginCustomHeaders ?? [];
    expect(others).toEqual([]);
    expect(header.HeaderName).toBe(frontDoorHeaders.secret);
    expect(render(header.HeaderValue)).toBe(`{{resolve:secretsmanager:<${id}>:SecretString:::}}`);
    expect(stack.resources[id]?.Properties).not.toHaveProperty('SecretString');
    expect(stack.resources[id]?.Properties.GenerateSecretString).toMatchObject({ PasswordLength: 48 });
    for (const name of ['Api', 'Probe']) expect(render(told(stack, name))).toBe(`<${id}>`);
  });

  test('given its secret, these two functions may read it and no other', () => {
    const [id = expect.unreachable()] = secretIds(stack);
    const readers = stack.ofType('AWS::IAM::Policy').flatMap(([name, { Properties }]) => {
      const { Statement } = Properties.PolicyDocument as { Statement: { Action: unknown; Resource: unknown }[] };
      const reads = ({ Action, Resource }: (typeof Statement)[number]) =>
        Action === 'secretsmanager:GetSecretValue' && [Resource].flat().map(render).includes(`<${id}>`);
      return Statement.some(reads) ? [name.replace(/Role.*/, '')] : [];
    });
    expect(readers.sort()).toEqual(['Api', 'Probe']);
  });

  test('given what runs at the edge, the caller cannot say who he is', () => {
    const [[, { Properties }] = expect.unreachable()] = stack.ofType('AWS::CloudFront::Function');
    const request = { headers: { [frontDoorHeaders.viewer]: { value: '10.0.0.1' }, 'x-api-key': { value: 'k' } } };
    const event = { request, viewer: { ip: '2001:db8::1' } };
    const answer: unknown = runInNewContext(`${Properties.FunctionCode}\nhandler(event)`, { event });
    expect(answer).toEqual({
      headers: { [frontDoorHeaders.viewer]: { value: '2001:db8::1' }, 'x-api-key': { value: 'k' } },
    });
    expect(distributionOf(stack).DefaultCacheBehavior.FunctionAssociations).toMatchObject([
      { EventType: 'viewer-request' },
    ]);
  });

  test('given what the distribution answers by itself, browsers are told to come over TLS as the functions tell them', () => {
    const [[, { Properties }] = expect.unreachable()] = stack.ofType('AWS::CloudFront::ResponseHeadersPolicy');
    const { ResponseHeadersPolicyConfig: policy } = Properties as { ResponseHeadersPolicyConfig: object };
    const { SecurityHeadersConfig } = policy as { SecurityHeadersConfig: { StrictTransportSecurity: unknown } };
    expect(SecurityHeadersConfig.StrictTransportSecurity).toEqual({
      ...{ AccessControlMaxAgeSec: 31_536_000, IncludeSubdomains: false, Override: true },
    });
  });

  test('given a web ACL, the distribution stands under it', () => {
    expect(distributionOf(synthesize({ frontDoor: 'cloudfront', webAclArn: acl }))).toMatchObject({ WebACLId: acl });
    expect(distributionOf(stack)).not.toHaveProperty('WebACLId');
  });

  test('given a domain, the distribution answers to it over TLS 1.2, API Gateway does not, and DNS is told where to', () => {
    const named = synthesize({ frontDoor: 'cloudfront', ...domain });
    expect(named.ofType('AWS::ApiGatewayV2::DomainName')).toEqual([]);
    expect(distributionOf(named)).toMatchObject({
      Aliases: ['catalogue.example.com'],
      ViewerCertificate: { AcmCertificateArn: domain.certificateArn, MinimumProtocolVersion: 'TLSv1.2_2021' },
    });
    const [[id] = expect.unreachable()] = named.ofType('AWS::CloudFront::Distribution');
    expect(render(named.outputs.DomainTarget?.Value)).toBe(`<${id}.DomainName>`);
    expect(render(named.outputs.ApiUrl?.Value)).toBe(`https://<${id}.DomainName>`);
  });

  test('given a secret that was rotated, another number changes the distribution, so that the secret is read anew', () => {
    const rotated = synthesize({ frontDoor: 'cloudfront', frontDoorRotation: '2' });
    expect(distributionOf(rotated)).toEqual({ ...distributionOf(stack), Comment: 'stocktake: front door, secret 2' });
    expect(distributionOf(stack).Comment).not.toBe('stocktake: front door, secret 2');
  });
});
