import * as z from 'zod';
import { environment as apiEnvironment } from '#handlers/api/env.ts';
import { environment } from '#handlers/sync/env.ts';
import { contradictions } from './contradictions.ts';
import {
  boundaryArn,
  busName,
  certificateArn,
  domainName,
  keyArn,
  securityGroupId,
  streamArn,
  subnetId,
  tableArn,
  topicArn,
  webAclArn,
} from './existing.ts';
import { Refusal } from './refusal.ts';
import { tags } from './tags.ts';

/** Values from `-c key=value` are text; cdk.json may hold numbers and lists. `rule`: what the value must be. */
function number(rule: string, schema: z.ZodType<number, number>) {
  const text = z
    .string()
    .trim()
    .regex(/^\d+(\.\d+)?$/, rule)
    .transform(Number);
  return z.union([z.number(), text], rule).pipe(schema);
}

function whole(least: number, most: number) {
  const rule = `must be a whole number, ${least}–${most}, without a unit`;
  return number(rule, z.number().int(rule).min(least, rule).max(most, rule));
}

function list(entry: z.ZodType<string, string>) {
  const text = z.string().transform((values) => values.split(',').map((value) => value.trim()));
  return z
    .union([z.array(z.string()), text], 'must be a comma separated list')
    .transform((values) => values.filter((value) => value !== ''))
    .pipe(z.array(entry));
}

/** What CloudWatch Logs takes: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

/** By the rule of the functions that read it, so that what would refuse there is refused here. */
function asRead(variable: z.ZodType<unknown, string>) {
  return z.string().superRefine((text, context) => {
    for (const { message } of variable.safeParse(text).error?.issues ?? [])
      context.addIssue({ code: 'custom', message });
  });
}

const endpoint = asRead(environment.shape.PRIVATE_ENDPOINTS);
const network = asRead(apiEnvironment.shape.ALLOWED_CIDRS);

const anyRetention = `must be one of ${retentionDays.join(', ')}`;

/** A share below one in a thousand holds whatever the number of objects does. */
const share = 'must be 0, or a number of 0.001–1, such as 0.15 for 15 %';

const rolePattern = z
  .string()
  .regex(
    /^(\*|arn:aws(-[a-z]+)*:iam::(\d{12}|\*):role\/[\w+=,.@*?/-]{1,576})$/,
    'must be the ARN of an IAM role such as arn:aws:iam::111122223333:role/read-*, or * for every role',
  );

const origin = z
  .string()
  .regex(
    /^(\*|https?:\/\/(\*|[^/\s,*]+))$/,
    'must be an origin such as https://app.example.com, or *, https://* or http://* for any',
  );

const prefix = 'must be 1–30 of a–z, 0–9 and hyphen, and begin with a letter';

const settings = z.strictObject({
  /** Name of the stack, of its schedule group, bus, dashboard and alarms; two prefixes, two Stocktakes. */
  namePrefix: z
    .string(prefix)
    .regex(/^[a-z][a-z0-9-]{0,29}$/, prefix)
    .default('stocktake'),
  logRetentionDays: number(anyRetention, z.literal(retentionDays, anyRetention)).default(30),
  /** Whether table, key and admin key outlive `cdk destroy`. */
  removalPolicy: z.enum(['retain', 'destroy'], 'must be retain or destroy').default('retain'),
  /** Private or loopback S3 endpoints that may be dialled: host for any port, or host:port. */
  privateEndpoints: list(endpoint).default([]),
  /** IAM roles that datasources may name instead of keys. None: the functions may take no role at all. */
  assumableRoles: list(rolePattern).default([]),
  alarmEmail: z.email('must be an e-mail address').optional(),
  /** Requests per second and at once, for the whole API. */
  throttleRate: whole(1, 10_000).default(50),
  throttleBurst: whole(1, 5000).default(100),
  /** None: browsers of other origins are not answered. */
  corsOrigins: list(origin).default([]),
  /** Shortest interval that a datasource may ask for, seconds. */
  minimumIntervalSeconds: whole(10, 86_400).default(10),
  /** Lambda gives one whole vCPU at 1,769 MB, and reading listings is CPU work. */
  syncMemoryMb: whole(512, 10_240).default(1769),
  /** Syncs at the same time. Not reserved by default: new accounts have 10 in all, and AWS keeps those unreserved. */
  syncConcurrency: whole(3, 1000).optional(),
  /** Invocations that the sync of one large bucket may take at once, 16 listings in each. */
  syncWorkers: whole(1, 100).default(4),
  runTimeLimitSeconds: whole(60, 604_800).default(86_400),
  /** A run holds when its deletions exceed both: so many objects, and such a share (0–1) of the records. */
  holdAboveObjects: whole(0, 1_000_000_000).default(10),
  holdAboveShare: number(
    share,
    z.number().refine((value) => value === 0 || (value >= 0.001 && value <= 1), share),
  ).default(0.15),
  /** Stream of a table restored from a backup, to be used instead of the stack's own (docs/runbook.md). */
  restoredTableStreamArn: streamArn.optional(),
  /** A table that is there, with its stream: the stack makes none of its own. */
  tableArn: tableArn.optional(),
  tableStreamArn: streamArn.optional(),
  /** The key that the secrets in that table are sealed with: the stack makes none of its own. */
  secretsKeyArn: keyArn.optional(),
  /** A bus that is there, to publish on instead of one of the stack's own. */
  eventBusName: busName.optional(),
  /** A topic that is there, for alarms to ring on. */
  alarmTopicArn: topicArn.optional(),
  /** What no role of the stack may go beyond. */
  permissionsBoundary: boundaryArn.optional(),
  tags: tags.default({}),
  /** A domain name of the user's own for the API, and its certificate. */
  customDomain: domainName.optional(),
  certificateArn: certificateArn.optional(),
  /** Networks whose addresses the API answers; all if there are none. */
  allowedCidrs: list(network).default([]),
  /** Where the functions stand that dial buckets and receivers of webhooks. None: in no VPC, with the public internet. */
  subnetIds: list(subnetId).default([]),
  securityGroupIds: list(securityGroupId).default([]),
  /** Writes a second that the stack's own table takes from its first moment on; a new one takes 4,000, and grows by itself. */
  tableWarmWrites: whole(4000, 1_000_000).optional(),
  /** Invocations kept for the API whatever syncs take, once for its function and once for the one that probes buckets. Not
   *  reserved by default: AWS keeps 100 of an account unreserved, and new accounts have 10 in all. */
  apiConcurrency: whole(1, 450).optional(),
  /** Dollars a month of the whole account, at which the alarms' topic rings. */
  monthlyBudgetUsd: whole(1, 100_000_000).optional(),
  /** Writes a second that the stack's own table takes at most: what a mistaken interval can cost is bounded by it. */
  maxWriteRequestUnits: whole(1, 1_000_000).optional(),
  /** What stands in front of the HTTP API, and is the only way to it from then on. */
  frontDoor: z.enum(['cloudfront'], 'must be cloudfront, or left out for none').optional(),
  /** What the distribution in front refuses callers by. */
  webAclArn: webAclArn.optional(),
  /** Another number has the distribution send the secret as it is now (docs/runbook.md). */
  frontDoorRotation: whole(1, 1_000_000).default(1),
  /** How many there may be; the defaults are those of functions/core/model/quota.ts. What stands is never removed for it. */
  maxDatasources: whole(1, 1_000_000).default(10_000),
  maxConnectors: whole(1, 100_000).default(1000),
  maxObjectsPerDatasource: whole(1, 100_000_000_000).default(2_000_000_000),
  /** Invocations at once that Lambda grants the account in this region: what queues may take is a share of it. */
  accountConcurrency: whole(10, 1_000_000).default(1000),
});

const stackConfig = settings.superRefine((config, context) => {
  for (const { key, message } of contradictions(config)) context.addIssue({ code: 'custom', path: [key], message });
});

/** How this stack is to be: cdk.json's context, or `-c key=value`. */
export type StackConfig = z.output<typeof stackConfig>;

/** The same as it may be written: what is left out takes its default. */
export type StackSettings = z.input<typeof stackConfig>;

/**
 * Keys that are not ours: the CDK's feature flags, settings and cached look-ups, and what an organisation hands to aspects and
 * tools of its own (`org:cost-centre`). All of them have a colon or a slash in them, and no key of ours has.
 */
function isForeign(key: string): boolean {
  return /[:/]/.test(key) || ['cli-telemetry', 'acknowledged-issue-numbers', 'cdk-migrate'].includes(key);
}

/** Reads the context of an app. Throws a Refusal that names each key that is unknown or whose value cannot be, in one line. */
export function readConfig(context: Readonly<Record<string, unknown>>): StackConfig {
  return parse(Object.fromEntries(Object.entries(context).filter(([key]) => !isForeign(key))), '-c ');
}

/** Reads the props of a stack in somebody else's app. Throws a Refusal as `readConfig` does. */
export function readSettings(props: StackSettings): StackConfig {
  return parse(props, '');
}

function parse(own: object, mark: string): StackConfig {
  const result = stackConfig.safeParse(own);
  if (result.success) return result.data;
  const reasons = result.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => `${mark}${key}: is not known; known are ${Object.keys(settings.shape).join(', ')}`)
      : [`${mark}${issue.path.join('.')}: ${issue.message}`],
  );
  throw new Refusal(`the settings of this stack cannot be used: ${reasons.join('; ')}`);
}
