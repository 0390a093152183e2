import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { routes } from '#http/routes.ts';
import { render, synthesize } from './stack-template.ts';

const stack = synthesize();
const everyRoute = stack.ofType('AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties);
const isForTheRest = ({ RouteKey }: Record<string, unknown>) => String(RouteKey).startsWith('ANY ');
const deployed = everyRoute.filter((route) => !isForTheRest(route));

describe('the HTTP API', () => {
  test('given the router, the template has its routes in both slash forms and no other', () => {
    const wanted = routes.flatMap(({ method, path }) => [`${method} ${path}`, `${method} ${path}/`]);
    expect(deployed.map(({ RouteKey }) => RouteKey).sort()).toEqual(wanted.sort());
  });

  test('given the quota of an HTTP API, there is room for all routes', () => {
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
    expect(everyRoute.length).toBeLessThanOrEqual(300);
  });

  test('given a path under /v1 that no route takes, it goes to the api function, which knows the envelope', () => {
    const rest = everyRoute.filter(isForTheRest);
    expect(rest.map(({ RouteKey }) => RouteKey).sort()).toEqual(['ANY /v1', 'ANY /v1/{proxy+}']);
    const health = deployed.find(({ RouteKey }) => RouteKey === 'GET /_health');
    for (const { Target } of rest) expect(render(Target)).toBe(render(health?.Target));
  });

  test('given the documented routes, the template has them and no other', () => {
    const { paths } = JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'));
    const documented = Object.entries<object>(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const bare = deployed.map(({ RouteKey }) => String(RouteKey)).filter((key) => !key.endsWith('/'));
    expect(bare.sort()).toEqual(documented.sort());
  });

  test('given any route, both forms of its path lead to the function that the route table names', () => {
    const uris = Object.fromEntries(
      stack
        .ofType('AWS::ApiGatewayV2::Integration')
        .map(([id, { Properties }]) => [id, render(Properties.IntegrationUri)]),
    );
    for (const { method, path, fn } of routes) {
      for (const key of [`${method} ${path}`, `${method} ${path}/`]) {
        const target = render(deployed.find(({ RouteKey }) => RouteKey === key)?.Target);
        const integration = /^integrations\/<(\w+)>$/.exec(target)?.[1] ?? '';
        expect([key, uris[integration]]).toEqual([key, expect.stringMatching(new RegExp(`^<${fn}Function`, 'i'))]);
      }
    }
  });

  test('given many routes, API Gateway needs one permission for each function', () => {
    const permissions = stack
      .ofType('AWS::Lambda::Permission')
      .filter(([, { Properties }]) => Properties.Principal === 'apigateway.amazonaws.com');
    expect(permissions.map(([, { Properties }]) => render(Properties.FunctionName)).sort()).toEqual([
      expect.stringContaining('<ApiFunction'),
      expect.stringContaining('<ProbeFunction'),
    ]);
    for (const [, { Properties }] of permissions)
      expect(render(Properties.SourceArn)).toMatch(/:<HttpApi\w+>\/\*\/\*$/);
  });

  test('given the stage, it throttles, costly routes more, and its log has neither paths nor headers', () => {
    const [, { Properties }] = stack.ofType('AWS::ApiGatewayV2::Stage')[0]!;
    expect(Properties).toMatchObject({
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 },
    });
    const settings = Properties.RouteSettings as Record<string, unknown>;
    const costly = ['POST /datasource/{id}/_sync', 'POST /datasource/{id}/_reset_sync', 'POST /datasource/{id}/_test'];
    costly.push(
      'POST /datasource/{id}/_runs/{run}/_approve',
      'GET /datasource/{id}/_preview',
      'POST /datasource/{id}/_preview',
    );
    costly.push('GET /document/{doc_id}/raw_content/{hint}', 'POST /v1/connectors/{connector}/test');
    costly.push('POST /v1/connectors/{connector}/schedules/{schedule}/trigger');
    costly.push('POST /v1/scheduler/schedules/{schedule}/trigger', 'POST /v1/data-process/async');
    expect(Object.keys(settings).sort()).toEqual(costly.flatMap((key) => [key, `${key}/`]).sort());
    for (const each of Object.values(settings))
      expect(each).toEqual({ ThrottlingRateLimit: 5, ThrottlingBurstLimit: 10 });
    const log = JSON.stringify(Properties.AccessLogSettings);
    expect(log).toContain('$context.routeKey');
    expect(log).not.toMatch(/\$context\.(path|authorizer)|\$request/);
  });

  test('given a stage with limits for routes, the routes are made first', () => {
    const [, stage] = stack.ofType('AWS::ApiGatewayV2::Stage')[0]!;
    const { DependsOn = [] } = stage as unknown as { DependsOn?: string[] };
    expect(DependsOn).toEqual(expect.arrayContaining(stack.ofType('AWS::ApiGatewayV2::Route').map(([id]) => id)));
  });

  test('given origins, they and no others are answered; by default none', () => {
    expect(stack.ofType('AWS::ApiGatewayV2::Api')[0]![1].Properties.CorsConfiguration).toBeUndefined();
    const open = synthesize({ corsOrigins: 'https://app.example.com', throttleRate: '2', throttleBurst: '3' });
    open.template.hasResourceProperties('AWS::ApiGatewayV2::Api', {
      CorsConfiguration: { AllowOrigins: ['https://app.example.com'] },
    });
    const settings = open.ofType('AWS::ApiGatewayV2::Stage')[0]![1].Properties.RouteSettings as Record<string, unknown>;
    expect(settings['POST /datasource/{id}/_sync']).toEqual({ ThrottlingRateLimit: 2, ThrottlingBurstLimit: 3 });
  });
});
