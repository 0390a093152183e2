import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { crossOriginRules, routes } from '#http/routes.ts';
import { render, synthesize } from './stack-template.ts';

const stack = synthesize();
const everyRoute = stack.ofType('AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties);
const keys = everyRoute.map(({ RouteKey }) => String(RouteKey));
const targetOf = (key: string) => render(everyRoute.find(({ RouteKey }) => RouteKey === key)?.Target);

/** Of AWS's own error: "Parts are validated against this regular expression". */
const pathPart = /^(\{[\w.:-]+\+?\}|[a-zA-Z0-9.:_-]+)$/;

describe('the HTTP API', () => {
  test('given the router, the template has its routes, $default, HEAD of what probe reads, and no other', () => {
    const wanted = routes.map(({ method, path }) => `${method} ${path}`);
    const heads = ['HEAD /datasource/{id}/_preview', 'HEAD /document/{doc_id}/raw_content/{hint}'];
    expect(keys.toSorted()).toEqual([...wanted, ...heads, '$default'].sort());
  });

  test('given any key of a route, each part of its path is one that API Gateway takes: none is empty', () => {
    for (const key of keys.filter((each) => each !== '$default')) {
      const [method = '', path = ''] = key.split(' ');
      expect([key, method]).toEqual([key, expect.stringMatching(/^(GET|HEAD|POST|PUT|PATCH|DELETE)$/)]);
      for (const part of path.slice(1).split('/')) expect([key, part]).toEqual([key, expect.stringMatching(pathPart)]);
    }
  });

  test('given the quota of an HTTP API, there is room for all routes', () => {
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
    expect(everyRoute.length).toBeLessThanOrEqual(300);
  });

  test('given what no route takes, it goes to the api function, which cannot open a secret', () => {
    expect(targetOf('$default')).toBe(targetOf('GET /_health'));
  });

  test('given the documented routes, the template has them and no other', () => {
    const { paths } = JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'));
    const documented = Object.entries<object>(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const own = keys.filter((key) => key !== '$default' && !key.startsWith('HEAD '));
    expect(own.sort()).toEqual(documented.sort());
  });

  test('given any route, it leads to the function that the route table names, and HEAD of it too', () => {
    const uris = Object.fromEntries(
      stack
        .ofType('AWS::ApiGatewayV2::Integration')
        .map(([id, { Properties }]) => [id, render(Properties.IntegrationUri)]),
    );
    for (const { method, path, fn } of routes) {
      for (const key of [`${method} ${path}`, ...(method === 'GET' ? [`HEAD ${path}`] : [])]) {
        // HEAD of what the api function reads has no route of its own: it comes there anyway.
        const target = keys.includes(key) ? targetOf(key) : targetOf('$default');
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

  test('given the stage, it throttles, what no route names twice as soon, and its log has neither paths nor headers', () => {
    const [, { Properties }] = stack.ofType('AWS::ApiGatewayV2::Stage')[0]!;
    expect(Properties).toMatchObject({
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 },
    });
    // No other: the settings of a route that is taken away would stay, and stop every later update.
    expect(Properties.RouteSettings).toEqual({ $default: { ThrottlingRateLimit: 25, ThrottlingBurstLimit: 50 } });
    const log = JSON.stringify(Properties.AccessLogSettings);
    expect(log).toContain('$context.routeKey');
    expect(log).not.toMatch(/\$context\.(path|authorizer)|\$request/);
  });

  test('given the lowest throttle there is, what no route names is let through at all', () => {
    const low = synthesize({ throttleRate: '1', throttleBurst: '1' }).ofType('AWS::ApiGatewayV2::Stage')[0]![1];
    const limits = { ThrottlingRateLimit: 1, ThrottlingBurstLimit: 1 };
    expect(low.Properties).toMatchObject({ DefaultRouteSettings: limits, RouteSettings: { $default: limits } });
  });

  test('given a stage with limits for $default, that route is made first', () => {
    const [, made] = stack.ofType('AWS::ApiGatewayV2::Stage')[0]!;
    const { DependsOn = [] } = made as unknown as { DependsOn?: string[] };
    const theRest = stack
      .ofType('AWS::ApiGatewayV2::Route')
      .filter(([, { Properties }]) => Properties.RouteKey === '$default');
    expect(DependsOn).toEqual(theRest.map(([id]) => id));
  });

  test('given its access log, the name is one that AWS gives leave to write to, however many others there are', () => {
    const nameIn = (settings: object) => {
      const made = synthesize({ namePrefix: 'second', ...settings });
      const { Properties } = made.ofType('AWS::ApiGatewayV2::Stage')[0]![1];
      const { DestinationArn } = Properties.AccessLogSettings as { DestinationArn: unknown };
      const own = made.ofType('AWS::Logs::LogGroup').find(([id]) => render(DestinationArn) === `<${id}.Arn>`);
      return render(own?.[1].Properties.LogGroupName);
    };
    expect(nameIn({ removalPolicy: 'destroy' })).toBe('/aws/vendedlogs/second-http');
    // One that stays when its stack goes must not be in the way of the next stack of that name.
    expect(nameIn({})).toMatch(/^\/aws\/vendedlogs\/second-http-\{"Fn::Select".*"AWS::StackId"/);
  });

  test('given origins, gateway and functions answer them and no others; by default none', () => {
    const told = (from: typeof stack) =>
      from.ofType('AWS::Lambda::Function').flatMap(([, { Properties }]) => {
        const { Variables } = Properties.Environment as { Variables: Record<string, unknown> };
        return Variables.CORS_ORIGINS === undefined ? [] : [Variables.CORS_ORIGINS];
      });
    expect(stack.ofType('AWS::ApiGatewayV2::Api')[0]![1].Properties.CorsConfiguration).toBeUndefined();
    expect(told(stack)).toEqual(['', '']);
    const open = synthesize({ corsOrigins: 'https://app.example.com, https://b.example.com' });
    expect(open.ofType('AWS::ApiGatewayV2::Api')[0]![1].Properties.CorsConfiguration).toEqual({
      AllowOrigins: ['https://app.example.com', 'https://b.example.com'],
      AllowMethods: crossOriginRules.allowMethods,
      AllowHeaders: crossOriginRules.allowHeaders,
      ExposeHeaders: crossOriginRules.exposeHeaders,
      MaxAge: crossOriginRules.maxAge,
    });
    expect(told(open)).toEqual(Array(2).fill('https://app.example.com https://b.example.com'));
  });
});
