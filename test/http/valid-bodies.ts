import fc from 'fast-check';
import { labelProblem } from '#core/model/visible-text.ts';
import type { Knowledge } from '#support/generated-body.ts';
import { readers, secret } from './api-fixture.ts';

const aws = 'eu-west-1';

/** Keys unless a role is named; a role and an owner with AWS alone. What a server of one's own would not be is left out. */
function fitConfig(config: Record<string, unknown>): Record<string, unknown> {
  const { role_arn: role, expected_bucket_owner: owner, ...rest } = config;
  const onAws = typeof role === 'string' || typeof owner === 'string';
  const place = onAws ? { region: aws, endpoint: '', use_ssl: true } : { endpoint: 's3.example.com' };
  const {
    access_key_id: keyId = 'AKIAEXAMPLE',
    secret_access_key: key = secret,
    session_token: token,
    ...others
  } = rest;
  const keys = typeof role === 'string' ? {} : { access_key_id: keyId, secret_access_key: key, session_token: token };
  const bucket = rest.bucket ?? 'a-bucket';
  return {
    ...others,
    ...keys,
    role_arn: role,
    expected_bucket_owner: owner,
    bucket,
    ...(onAws ? place : { ...place, ...pick(rest) }),
  };
}

function pick({ endpoint }: Record<string, unknown>): Record<string, unknown> {
  return typeof endpoint === 'string' && endpoint !== '' ? { endpoint } : {};
}

/** One timing, with what goes with it. */
function fitSync(sync: Record<string, unknown>): Record<string, unknown> {
  const { interval, cron, timezone, strategy, ...rest } = sync;
  const kind = strategy ?? (interval !== undefined ? 'interval' : cron !== undefined ? 'cron' : undefined);
  if (kind === 'interval') return { ...rest, strategy, interval: interval ?? '5m' };
  if (kind === 'cron') return { ...rest, strategy, cron: cron ?? '0 6 * * *', timezone };
  return { ...rest, strategy };
}

/** A schedule of /v1 has one timing, one prefix, and says once whether it is on. */
export function fitSchedule(body: Record<string, unknown>): Record<string, unknown> {
  const {
    cron,
    cron_expression,
    interval,
    prefix,
    prefix_filter,
    enabled,
    is_active,
    timezone,
    version: _v,
    ...rest
  } = body;
  const timing = typeof interval === 'string' ? { interval } : { cron: cron ?? '0 6 * * *', timezone };
  const said = typeof cron_expression === 'string' ? { cron_expression, timezone } : timing;
  return {
    ...rest,
    ...said,
    ...(prefix === undefined ? { prefix_filter } : { prefix }),
    ...(enabled === undefined ? { is_active } : { enabled }),
  };
}

const text = fc.constantFrom;
const name = fc
  .oneof(text('Docs', 'données', 'کتاب‌ها', '👩‍👩‍👧', 'a/b "c" <d>', '0'), fc.stringMatching(/^[a-zA-Z0-9 äß€]{1,30}$/))
  .map((each) => (each.trim() === '' ? 'x' : each));

/** Labels show what they are (functions/core/model/visible-text.ts), which no schema of a field can tell: what stands may stay. */
const label = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((each) => labelProblem(each) === undefined);

/** What the schemas of our bodies cannot tell of their fields. */
export const knowledge: Knowledge = {
  words: {
    name,
    category: label,
    icon: label,
    url: label,
    'tags[]': label.filter((each) => each !== ''),
    description: fc.oneof(label, text('two\nlines\tand a tab')),
    id: fc.stringMatching(/^[a-z][a-zA-Z0-9_.-]{0,20}$/),
    'processor.name': text('s3'),
    'connector.id': text('s3'),
    endpoint: text(
      's3.example.com',
      'minio.example.com:9000',
      '203.0.113.7:8080',
      '[2001:db8::1]:9000',
      'S3.Example.com',
    ),
    bucket: text('my-bucket', 'a.dotted.bucket', 'logs-2026'),
    region: text('eu-west-1', 'us-east-1', 'auto'),
    role_arn: text(`${readers}photos`, `${readers}x`),
    expected_bucket_owner: text('111122223333'),
    interval: text('5m', '1h', '90m', '30s', '1d', '60m'),
    cron: text('0 6 * * *', '*/5 * * * *', '0 0 1 1 *'),
    cron_expression: text('0 6 * * *', '15 3 * * 1-5'),
    expires_at: text('2099-01-01T00:00:00Z', '2100-02-28T23:59:59+14:00'),
    expires_in: text('90d', '1h', '36500d'),
    timezone: text('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata'),
    'include[]': text('**/*.pdf', 'a/**', '*', 'ü/*'),
    'exclude[]': text('tmp/**', '**/.git/**', '?.bak'),
    'extensions[]': text('pdf', '.docx', 'tar.gz', '*', 'PDF'),
    enrichment_pipeline: text(
      { processor: [{ s3_head: {} }] },
      { processor: [{ s3_tags: {} }, { s3_head: {} }] },
      {},
      '',
    ),
    'assets.icons': fc.dictionary(fc.stringMatching(/^[a-z][a-z ]{0,11}$/), text('/a.png', 'font-icon', ''), {
      maxKeys: 3,
    }),
    secret_access_key: text(secret),
    session_token: text('a-session-token'),
  },
  mends: {
    config: fitConfig,
    'connector.config': fitConfig,
    connector: (connector) => ({ config: fitConfig({}), ...connector }),
    sync: fitSync,
  },
};
