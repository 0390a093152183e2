import { Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnApi, CfnIntegration, CfnRoute, CfnStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { CfnPermission, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { routes } from '#http/routes.ts';
import type { StackConfig } from '../config/config.ts';
import { acknowledge } from './acknowledge.ts';

type Route = (typeof routes)[number];

type HttpApiProps = {
  readonly config: Pick<
    StackConfig,
    'namePrefix' | 'logRetentionDays' | 'throttleRate' | 'throttleBurst' | 'corsOrigins'
  >;
  /** By the names that the route table gives them. */
  readonly functions: Readonly<Record<Route['fn'], { readonly lambda: IFunction }>>;
};

/** Routes that list a foreign bucket or start a run: one request to us can be a thousand to somebody's S3 server. */
const costly = /\/(_sync|_reset_sync|_approve|_preview|_test|raw_content\/.*)$|^\/v1\/.*\/(test|trigger|async)$/;

/** Requests per second to each costly route, and at once; less where the whole API has less. */
const costlyRate = 5;
const costlyBurst = 10;

/** Facts of a request without its path or headers: a key can have been put into either by mistake. */
const accessLogFormat = {
  requestId: '$context.requestId',
  time: '$context.requestTimeEpoch',
  sourceIp: '$context.identity.sourceIp',
  route: '$context.routeKey',
  status: '$context.status',
  bytes: '$context.responseLength',
  ms: '$context.responseLatency',
  error: '$context.error.message',
  integrationError: '$context.integrationErrorMessage',
};

/** The HTTP API with one route for each line of the route table and each form of its path, and one for the rest of /v1. */
export class HttpApi extends Construct {
  readonly url: string;
  readonly apiId: string;

  constructor(scope: Construct, id: string, { config, functions }: HttpApiProps) {
    super(scope, id);
    const api = new CfnApi(this, 'Api', {
      name: config.namePrefix,
      protocolType: 'HTTP',
      ...(config.corsOrigins.length === 0 ? {} : { corsConfiguration: cors(config.corsOrigins) }),
    });
    this.apiId = api.ref;
    this.url = api.attrApiEndpoint;
    const targets = {
      api: this.#integrate(api, 'ApiIntegration', functions.api.lambda),
      probe: this.#integrate(api, 'ProbeIntegration', functions.probe.lambda),
    };
    const served = routes.flatMap((route) =>
      [route.path, `${route.path}/`].map((path) => this.#serve(api, { ...route, path }, targets[route.fn])),
    );
    // What no route takes under /v1 is answered in the envelope of its dialect, not with the gateway's own words.
    served.push(...['/v1', '/v1/{proxy+}'].map((path) => this.#serve(api, { method: 'ANY', path }, targets.api)));
    const stage = this.#stage(api, config);
    // A stage that sets limits for a route before the route is there is refused.
    for (const route of served) stage.addResourceDependency(route);
    const reason =
      'Keys are checked in the first step of each function, so that every dialect answers in its own words.';
    acknowledge(this, reason, 'AwsSolutions-APIG4');
  }

  #integrate(api: CfnApi, id: string, target: IFunction): string {
    const integration = new CfnIntegration(this, id, {
      apiId: api.ref,
      integrationType: 'AWS_PROXY',
      integrationUri: target.functionArn,
      payloadFormatVersion: '2.0',
    });
    new CfnPermission(this, `${id}Permission`, {
      action: 'lambda:InvokeFunction',
      functionName: target.functionArn,
      principal: 'apigateway.amazonaws.com',
      sourceArn: Stack.of(this).formatArn({ service: 'execute-api', resource: api.ref, resourceName: '*/*' }),
    });
    return Fn.join('/', ['integrations', integration.ref]);
  }

  #serve(api: CfnApi, { method, path }: { readonly method: string; readonly path: string }, target: string): CfnRoute {
    const routeKey = `${method} ${path}`;
    return new CfnRoute(this, routeKey.replaceAll('/', '.'), { apiId: api.ref, routeKey, target });
  }

  #stage(api: CfnApi, config: HttpApiProps['config']): CfnStage {
    const accessLogs = new LogGroup(this, 'AccessLogs', {
      retention: config.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    return new CfnStage(this, 'Stage', {
      apiId: api.ref,
      stageName: '$default',
      autoDeploy: true,
      accessLogSettings: { destinationArn: accessLogs.logGroupArn, format: JSON.stringify(accessLogFormat) },
      defaultRouteSettings: {
        throttlingRateLimit: config.throttleRate,
        throttlingBurstLimit: config.throttleBurst,
      },
      routeSettings: costlyRoutes(config),
    });
  }
}

function costlyRoutes({ throttleRate, throttleBurst }: HttpApiProps['config']): Record<string, object> {
  const settings = {
    ThrottlingRateLimit: Math.min(costlyRate, throttleRate),
    ThrottlingBurstLimit: Math.min(costlyBurst, throttleBurst),
  };
  const keys = routes
    .filter(({ path }) => costly.test(path))
    .flatMap(({ method, path }) => [`${method} ${path}`, `${method} ${path}/`]);
  return Object.fromEntries(keys.map((key) => [key, settings]));
}

function cors(origins: string[]): CfnApi.CorsProperty {
  return {
    allowOrigins: origins,
    allowMethods: [...new Set(routes.map(({ method }) => method))],
    allowHeaders: [
      'authorization',
      'content-type',
      'x-api-key',
      'x-api-token',
      'x-document-redirect',
      'idempotency-key',
    ],
    exposeHeaders: ['x-request-id'],
    maxAge: 3600,
  };
}
