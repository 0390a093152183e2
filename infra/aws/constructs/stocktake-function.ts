import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Duration, type Size } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  type FunctionOptions,
  Function as LambdaFunction,
  LoggingFormat,
  type RecursiveLoop,
  Runtime,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { type BundlingOptions, LogLevel, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { StackConfig } from '../config/config.ts';
import { acknowledge } from './acknowledge.ts';
import type { DeadLetterQueue } from './dead-letter-queue.ts';
import { type Network, placeIn } from './network.ts';
import { removalOf } from './removal.ts';

/** The limit of Lambda: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const longestInvocation = Duration.seconds(900);

/** HTTP APIs wait 30 s at most: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html */
export const longestAnswer = Duration.seconds(29);

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** One file with the SDK inside, so that what was tested is what runs, and a container starts quickly. */
const bundling: BundlingOptions = {
  format: OutputFormat.ESM,
  target: 'node24',
  minify: true,
  externalModules: [],
  mainFields: ['module', 'main'],
  esbuildArgs: {
    '--alias:@aws-sdk/credential-provider-node': `${root}functions/handlers/runtime/environment-credentials.ts`,
  },
  logLevel: LogLevel.WARNING,
};

export type StocktakeFunctionProps<Environment> = {
  /** Its folder under functions/handlers. */
  readonly name: string;
  readonly description: string;
  readonly memoryMb: number;
  readonly timeout: Duration;
  /** Of `/tmp`; 512 MiB if not said. */
  readonly temporary?: Size;
  readonly config: Pick<StackConfig, 'logRetentionDays' | 'removalPolicy'>;
  /** What its env.ts asks for; the grants give the variables that go with them. */
  readonly environment: (role: Role) => Environment;
  /** For functions that dial addresses which users name: where the deployment has them stand. */
  readonly network?: Network;
  /** For functions that are invoked asynchronously: how often and how long AWS tries, and where it leaves what failed. */
  readonly asynchronous?: { retryAttempts: 0 | 1 | 2; maxEventAge: Duration; deadLetters: DeadLetterQueue };
  readonly reservedConcurrency?: number | undefined;
  readonly recursiveLoop?: RecursiveLoop;
};

/** A Lambda function of ours: Node 24 on arm64, a role and a log group of its own, and nothing it does not use. */
export class StocktakeFunction<Environment extends Record<string, string>> extends Construct {
  readonly name: string;
  readonly lambda: LambdaFunction;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: StocktakeFunctionProps<Environment>) {
    super(scope, id);
    this.name = props.name;
    this.logGroup = new LogGroup(this, 'Logs', {
      // The enumeration's values are the days themselves.
      retention: props.config.logRetentionDays,
      removalPolicy: removalOf(props.config),
    });
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.logGroup.grantWrite(role);
    this.lambda = this.#deploy(props.name, {
      description: props.description,
      memorySize: props.memoryMb,
      timeout: props.timeout,
      ...(props.temporary === undefined ? {} : { ephemeralStorageSize: props.temporary }),
      role,
      environment: props.environment(role),
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      // The platform's line per invocation costs more than it tells: durations and errors are metrics already.
      systemLogLevelV2: SystemLogLevel.WARN,
      ...optional(props),
    });
    if (props.network !== undefined) placeIn(props.network, this.lambda, role);
    acknowledgeFindings(this, props);
  }

  /** In a package the bundles are there already, so that whoever depends on it needs no esbuild. */
  #deploy(name: string, options: FunctionOptions): LambdaFunction {
    const packed = `${root}bundles/${name}`;
    if (!existsSync(packed)) return new NodejsFunction(this, 'Function', { ...codeOf(name), ...platform, ...options });
    const code = { code: Code.fromAsset(packed), handler: 'index.handler' };
    return new LambdaFunction(this, 'Function', { ...code, ...platform, ...options });
  }
}

const platform = { runtime: Runtime.NODEJS_24_X, architecture: Architecture.ARM_64 };

function codeOf(name: string) {
  return {
    entry: `${root}functions/handlers/${name}/handler.ts`,
    projectRoot: root,
    depsLockFilePath: `${root}package-lock.json`,
    awsSdkConnectionReuse: false,
    bundling,
  };
}

function optional({ asynchronous, reservedConcurrency, recursiveLoop }: StocktakeFunctionProps<unknown>) {
  return {
    ...(reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: reservedConcurrency }),
    ...(recursiveLoop === undefined ? {} : { recursiveLoop }),
    ...(asynchronous === undefined
      ? {}
      : {
          retryAttempts: asynchronous.retryAttempts,
          maxEventAge: asynchronous.maxEventAge,
          onFailure: new SqsDestination(asynchronous.deadLetters.queue),
        }),
  };
}

function acknowledgeFindings(fn: Construct, { asynchronous }: StocktakeFunctionProps<unknown>): void {
  const tracing = 'X-Ray adds 74 ms to each start; logs carry the request, datasource and run ids to follow.';
  acknowledge(fn, tracing, 'Serverless-LambdaTracing');
  if (asynchronous) {
    const destination =
      'It has an on-failure destination, which tells more than a dead letter: the error besides the event.';
    acknowledge(fn, destination, 'Serverless-LambdaDLQ');
  } else {
    const caller =
      'It is never invoked asynchronously: its caller, API Gateway or a stream, learns of the failure itself.';
    acknowledge(fn, caller, 'Serverless-LambdaDLQ', 'Serverless-LambdaAsyncFailureDestination');
  }
}
