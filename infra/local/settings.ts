import * as z from 'zod';
import type { Scope } from '#core/access/api-key.ts';
import { idInKeyText } from '#core/access/key-text.ts';
import { Failure } from '#core/model/errors.ts';
import { parseInput } from '#core/model/parse-input.ts';
import { defaultQuotas } from '#core/model/quota.ts';
import { privateEndpoints } from '#handlers/runtime/private-endpoints.ts';
import type { LocalQuotas } from './compose.ts';

const scopedKey = z
  .string()
  .regex(
    /^(read|write|manage|admin):[\x21-\x7e]{16,256}$/,
    'must be scope:key, scope one of read, write, manage, key of 16–256 characters',
  )
  .transform((text) => {
    const [scope, ...key] = text.split(':');
    // What `manage` was called before.
    const named = scope === 'admin' ? 'manage' : (scope as 'read' | 'write' | 'manage');
    return { scope: named, key: key.join(':') };
  })
  .refine(({ key }) => idInKeyText(key) === undefined, {
    message: 'is a key that the API made: it needs no setting, and counts as long as it is not revoked',
  });

/** Two settings for one key would contradict each other, now or when one of them is changed. */
const scopedKeys = z.array(scopedKey).check(({ value, issues }) => {
  const first = new Map<string, number>();
  for (const [index, { key }] of value.entries()) {
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, index);
    else
      issues.push({ code: 'custom', path: [index], message: `is the same key as number ${earlier + 1}`, input: index });
  }
});

const notAPort = 'must be a port, 0–65535';

const notWhole = 'must be a whole number, such as 10000';
const wholeNumber = z.coerce.number(notWhole).int(notWhole).min(0, notWhole);

const environment = z.object({
  PORT: z.coerce.number(notAPort).int(notAPort).min(0, notAPort).max(65_535, notAPort).default(9000),
  HOST: z.string().min(1).default('127.0.0.1'),
  STOCKTAKE_DATA: z.string().min(1).default('.stocktake'),
  STOCKTAKE_API_KEYS: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((key) => key.trim())
        .filter((key) => key !== ''),
    )
    .pipe(scopedKeys),
  STOCKTAKE_AUTH: z.enum(['keys'], 'must be "keys", or not be set').optional(),
  STOCKTAKE_PRIVATE_ENDPOINTS: privateEndpoints.optional(),
  STOCKTAKE_ASSUME_ROLES: z
    .enum(['true', 'false'], 'must be "true" or "false"')
    .default('false')
    .transform((text) => text === 'true'),
  STOCKTAKE_MAX_DATASOURCES: wholeNumber.default(defaultQuotas.datasources),
  STOCKTAKE_MAX_CONNECTORS: wholeNumber.default(defaultQuotas.connectors),
  STOCKTAKE_MAX_OBJECTS: wholeNumber.optional(),
  STOCKTAKE_MIN_FREE_MB: wholeNumber.default(1000),
  STOCKTAKE_LOG: z.enum(['text', 'json'], 'must be "text" or "json"').default('text'),
});

export type LocalSettings = {
  readonly port: number;
  readonly host: string;
  readonly dataFolder: string;
  readonly apiKeys: readonly { readonly scope: Scope; readonly key: string }[];
  /** `keys`: nobody gets in without one, though the settings have none; those that are stored count, and one is made. */
  readonly auth?: 'keys' | undefined;
  /**
   * Whether loopback and private addresses may be dialled: all where nobody needs a key, for who calls is on this
   * machine already; with keys none but those `host[:port]` by name.
   */
  readonly privateEndpoints: boolean | readonly string[];
  /** Whether IAM roles may be taken with the AWS credentials of this machine. */
  readonly assumeRoles: boolean;
  /** None at any object count where that is not set: then the disk alone says how many there may be. */
  readonly quotas?: LocalQuotas;
  readonly logFormat: 'text' | 'json';
};

/**
 * Reads what `npm start` is told by its environment: PORT (0 chooses a free one), HOST, STOCKTAKE_DATA,
 * STOCKTAKE_API_KEYS (`scope:key`, comma separated), STOCKTAKE_AUTH, STOCKTAKE_PRIVATE_ENDPOINTS (`host[:port]`, comma
 * separated), STOCKTAKE_ASSUME_ROLES, STOCKTAKE_MAX_DATASOURCES, STOCKTAKE_MAX_CONNECTORS, STOCKTAKE_MAX_OBJECTS,
 * STOCKTAKE_MIN_FREE_MB and STOCKTAKE_LOG. Throws Failure for what cannot be, among it any host but loopback without
 * keys.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): LocalSettings {
  // A variable that is set to nothing is not set.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const read = parseInput(environment, given, 'the environment');
  const access = { apiKeys: read.STOCKTAKE_API_KEYS, auth: read.STOCKTAKE_AUTH };
  const settings = {
    port: read.PORT,
    host: read.HOST,
    dataFolder: read.STOCKTAKE_DATA,
    ...access,
    privateEndpoints: read.STOCKTAKE_PRIVATE_ENDPOINTS ?? !needsKeys(access),
    assumeRoles: read.STOCKTAKE_ASSUME_ROLES,
    quotas: {
      datasources: { most: read.STOCKTAKE_MAX_DATASOURCES, setting: 'STOCKTAKE_MAX_DATASOURCES' },
      connectors: { most: read.STOCKTAKE_MAX_CONNECTORS, setting: 'STOCKTAKE_MAX_CONNECTORS' },
      objects: {
        most: read.STOCKTAKE_MAX_OBJECTS ?? Number.MAX_SAFE_INTEGER,
        setting: 'STOCKTAKE_MAX_OBJECTS',
      },
      leastFreeBytes: read.STOCKTAKE_MIN_FREE_MB * 1e6,
    },
    logFormat: read.STOCKTAKE_LOG,
  };
  if (!needsKeys(settings) && !isLoopback(settings.host)) throw openToAll(settings.host);
  return settings;
}

/** Whether nobody gets in without a key. Only then the keys count that the API made. */
export function needsKeys({ apiKeys, auth }: Pick<LocalSettings, 'apiKeys' | 'auth'>): boolean {
  return apiKeys.length > 0 || auth === 'keys';
}

/** True for the names of this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function openToAll(host: string): Failure {
  return new Failure(
    'invalid_request',
    `HOST=${host} would let anyone on the network in. Set STOCKTAKE_AUTH=keys, which makes a first key, or STOCKTAKE_API_KEYS, for instance "manage:<a long random text>"; or leave HOST at 127.0.0.1`,
  );
}
