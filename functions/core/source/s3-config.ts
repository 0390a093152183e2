import * as z from 'zod';
import { utf8Length } from '../keys/byte-order.ts';
import { extensionSpelling } from '../keys/extension.ts';
import { validateGlob } from '../keys/key-filter.ts';
import { awsProblems, bucketNamePattern, bucketNameReason } from './bucket-name.ts';
import { bucketOwner, ownerProblems } from './bucket-owner.ts';
import { endpointProblem } from './endpoint.ts';
import { regionOrNone } from './region.ts';
import { roleArn } from './role-arn.ts';

/** What some server takes; AWS's own rule is asked where it is known that the bucket is there. */
const bucketName = z
  .string()
  .regex(bucketNamePattern, { error: ({ input }) => bucketNameReason(input) })
  .refine(
    (name) => !name.endsWith('--x-s3'),
    'is a directory bucket, whose listing has no order: it cannot be catalogued exactly; use a general purpose bucket',
  );

/** An empty one is none, and takes one away that stood there. */
const region = z
  .string()
  .regex(regionOrNone, 'must be a region such as "eu-west-1"')
  .transform((text) => (text === '' ? null : text));

const endpoint = z.string().check((context) => {
  const problem = context.value === '' ? undefined : endpointProblem(context.value);
  if (problem !== undefined) context.issues.push({ code: 'custom', message: problem, input: context.value });
});

/** What keys begin with. */
export const keyPrefix = z
  .string()
  .refine((text) => utf8Length(text) <= 1024, 'must be at most 1,024 bytes: no S3 key is longer')
  .refine((text) => text.isWellFormed() && !text.includes('\u0000'), 'must be valid Unicode text without U+0000');

const glob = z.string().check((context) => {
  const problem = validateGlob(context.value);
  if (problem !== undefined) context.issues.push({ code: 'custom', message: problem, input: context.value });
});

const extension = z
  .string('must be a list of strings such as ["pdf", "docx"]')
  .regex(extensionSpelling, 'must be one extension such as "pdf", ".pdf" or "tar.gz", or "*" for every file')
  .refine((text) => text.isWellFormed(), 'must be valid Unicode text');

/** What reads as a stand-in for a secret rather than as one: asterisks, bullets, "[redacted]". */
const mask = /^[*•●∙·.x]+$|\*{3,}|[•●]{3,}|^[<[(]?(redacted|hidden|masked)[>\])]?$/i;

const secret = z
  .string()
  .min(1, 'must not be empty; leave the field out to keep the stored one')
  .max(4096, 'must be at most 4,096 characters')
  .refine((text) => !mask.test(text), 'looks like a mask, not a secret: leave the field out to keep the stored one')
  .refine((text) => /^[\x21-\x7e]+$/.test(text), 'must be printable ASCII without spaces');

/** Give any of these, and the credentials are keys. */
export const keyFields = ['access_key_id', 'secret_access_key', 'session_token'] as const;

/** The S3 settings of a connector or a datasource as a caller writes them. Every field is optional here: a
 *  datasource may inherit what its connector has; effective-config.ts judges the whole. `external_id` is ours: an answer
 *  carries it, and it is ignored when it comes back. */
export const s3ConfigInput = z.preprocess(
  acceptSpellings,
  z
    .strictObject({
      access_key_id: z
        .string()
        .regex(/^[\x21-\x7e]{1,256}$/, 'must be 1–256 printable ASCII characters')
        .refine((text) => !mask.test(text), 'looks like a mask, not a key id')
        .optional(),
      secret_access_key: secret.optional(),
      session_token: secret.nullish(),
      role_arn: roleArn.nullish(),
      external_id: z.unknown().optional(),
      bucket: bucketName.optional(),
      expected_bucket_owner: bucketOwner.nullish(),
      endpoint: endpoint.optional(),
      use_ssl: z.boolean().optional(),
      region: region.optional(),
      path_style: z.boolean().optional(),
      list_version: z.union([z.literal('auto'), z.literal(1), z.literal(2)], 'must be "auto", 1 or 2').optional(),
      prefix: keyPrefix.nullish(),
      extensions: z.array(extension).max(100, 'must be at most 100 extensions').nullish(),
      include: z.array(glob).max(50, 'must be at most 50 globs').nullish(),
      exclude: z.array(glob).max(50, 'must be at most 50 globs').nullish(),
    })
    .check(eitherRoleOrKeys)
    .check(whatAwsTakes),
);
export type S3ConfigInput = z.output<typeof s3ConfigInput>;

/** The same settings at rest: without secrets, which are stored sealed beside it. */
export const storedS3Config = z.object({
  access_key_id: z.string().optional(),
  role_arn: z.string().optional(),
  bucket: z.string().optional(),
  expected_bucket_owner: z.string().optional(),
  endpoint: z.string().optional(),
  use_ssl: z.boolean().optional(),
  region: z.string().optional(),
  path_style: z.boolean().optional(),
  list_version: z.union([z.literal('auto'), z.literal(1), z.literal(2)]).optional(),
  prefix: z.string().optional(),
  extensions: z.array(z.string()).optional(),
  include: z.array(z.string()).optional(),
  exclude: z.array(z.string()).optional(),
});
export type StoredS3Config = z.output<typeof storedS3Config>;

/** Ciphertexts by field name; only a holder of the vault's opening half can use them. */
export const sealedSecrets = z.object({
  secret_access_key: z.string().optional(),
  session_token: z.string().optional(),
});
export type SealedSecrets = z.output<typeof sealedSecrets>;

/** Coco, FlexOrch and the AWS SDKs spell the two key fields differently; all three are understood. */
const spellings: ReadonlyMap<string, string> = new Map([
  ['aws_access_key_id', 'access_key_id'],
  ['accessKeyId', 'access_key_id'],
  ['aws_secret_access_key', 'secret_access_key'],
  ['secretAccessKey', 'secret_access_key'],
]);

function acceptSpellings(input: unknown, context: z.RefinementCtx): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  const fields = new Map<string, unknown>();
  for (const [spelling, value] of Object.entries(input)) {
    const name = spellings.get(spelling) ?? spelling;
    // Two spellings of one field: refused rather than guessed which of them was meant.
    if (fields.has(name)) {
      context.addIssue({ code: 'custom', path: [spelling], message: `is a second spelling of ${name}; give it once` });
    }
    fields.set(name, value);
  }
  return Object.fromEntries(fields);
}

type Credentials = Readonly<Record<'role_arn' | (typeof keyFields)[number], string | null | undefined>>;

/** Which of the two was meant is not guessed. */
function eitherRoleOrKeys({ value, issues }: z.core.ParsePayload<Partial<Credentials>>): void {
  const keys = keyFields.filter((name) => typeof value[name] === 'string');
  if (typeof value.role_arn !== 'string' || keys.length === 0) return;
  const message = `stands instead of keys: leave out ${keys.join(' and ')}, or leave out role_arn`;
  issues.push({ code: 'custom', path: ['role_arn'], message, input: value.role_arn });
}

/** Whether the bucket is AWS's is known where the endpoint is said beside it; effective-config.ts asks again. */
function whatAwsTakes({
  value,
  issues,
}: z.core.ParsePayload<
  (Parameters<typeof awsProblems>[0] & Parameters<typeof ownerProblems>[0]) | { endpoint?: undefined }
>) {
  if (value.endpoint === undefined) return;
  for (const { path, reason } of [...awsProblems(value), ...ownerProblems(value)]) {
    issues.push({ code: 'custom', path: [path], message: reason, input: value });
  }
}
