import { Aws, Fn, Stack } from 'aws-cdk-lib';
import { CfnApi, CfnIntegration, CfnRoute, CfnStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { CfnPermission, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { crossOriginRules, routes } from '#http/routes.ts';
import type { StackConfig } from '../config/config.ts';
import { acknowledge } from './acknowledge.ts';
import { removalOf } from './removal.ts';

type Route = (typeof routes)[number];

type HttpApiProps = {
  readonly config: Pick<
    StackConfig,
    'namePrefix' | 'logRetentionDays' | 'removalPolicy' | 'throttleRate' | 'throttleBurst' | 'corsOrigins'
  >;
  /** By the names that the route table gives them. */
  readonly functions: Readonly<Record<Route['fn'], { readonly lambda: IFunction }>>;
};

/** What no other route takes. */
const theRest = '$default';

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

/**
 * The HTTP API: a route for each line of the route table, and `$default` for whatever else comes, which the api function
 * answers in the words of its dialect. A key of a route cannot end in a slash, for API Gateway takes no empty part of a
 * path, so the slash forms of all paths come through `$default`, too, and preflights with them.
 */
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
    for (const [key, fn] of routeKeys()) this.#serve(api, key, targets[fn]);
    const stage = this.#stage(api, config);
    // A stage that sets limits for a route before the route is there is refused.
    stage.addResourceDependency(this.#serve(api, theRest, targets.api));
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

  #serve(api: CfnApi, routeKey: string, target: string): CfnRoute {
    return new CfnRoute(this, routeKey.replaceAll('/', '.'), { apiId: api.ref, routeKey, target });
  }

  #stage(api: CfnApi, config: HttpApiProps['config']): CfnStage {
    const accessLogs = new LogGroup(this, 'AccessLogs', {
      // CloudWatch gives services leave to write by a policy of 5,120 characters for an account, but under this name:
      // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
      logGroupName: accessLogName(config),
      retention: config.logRetentionDays,
      removalPolicy: removalOf(config),
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
      routeSettings: limitsOfTheRest(config),
    });
  }
}

/** A group that outlives its stack keeps its name, which would stop the next stack of that prefix: so the stack's own id is in it. */
function accessLogName({ namePrefix, removalPolicy }: HttpApiProps['config']): string {
  const name = `/aws/vendedlogs/${namePrefix}-http`;
  return removalPolicy === 'destroy' ? name : `${name}-${Fn.select(2, Fn.split('/', Aws.STACK_ID))}`;
}

/** Each route and the function that serves it. HEAD of what is read goes to whoever reads it: `$default` is the api's. */
function routeKeys(): [key: string, fn: Route['fn']][] {
  return routes.flatMap(({ method, path, fn }) => {
    const methods = fn === 'probe' && method === 'GET' ? ['GET', 'HEAD'] : [method];
    return methods.map((each): [string, Route['fn']] => [`${each} ${path}`, fn]);
  });
}

/**
 * Half of what the stage takes is for requests that no route names, so that no flood of them shuts out the others. These
 * are the only limits of a single route: CloudFormation leaves the settings of a route behind when it takes the route away,
 * and then refuses every later update, and this one is never taken away. What is costly, the functions count.
 */
function limitsOfTheRest({ throttleRate, throttleBurst }: HttpApiProps['config']): Record<string, object> {
  return {
    [theRest]: {
      ThrottlingRateLimit: Math.max(1, Math.floor(throttleRate / 2)),
      ThrottlingBurstLimit: Math.max(1, Math.floor(throttleBurst / 2)),
    },
  };
}

function cors(origins: string[]): CfnApi.CorsProperty {
  const { allowMethods, allowHeaders, exposeHeaders, maxAge } = crossOriginRules;
  return {
    allowOrigins: origins,
    allowMethods: [...allowMethods],
    allowHeaders: [...allowHeaders],
    exposeHeaders: [...exposeHeaders],
    maxAge,
  };
}
