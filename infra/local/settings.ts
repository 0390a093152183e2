import * as z from 'zod';
import { Failure } from '#core/model/errors.ts';
import { parseInput } from '#core/model/parse-input.ts';
import { privateEndpoints } from '#handlers/runtime/private-endpoints.ts';

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
  });

const notAPort = 'must be a port, 0–65535';

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
    .pipe(z.array(scopedKey)),
  STOCKTAKE_PRIVATE_ENDPOINTS: privateEndpoints.optional(),
  STOCKTAKE_ASSUME_ROLES: z
    .enum(['true', 'false'], 'must be "true" or "false"')
    .default('false')
    .transform((text) => text === 'true'),
  STOCKTAKE_LOG: z.enum(['text', 'json'], 'must be "text" or "json"').default('text'),
});

export type LocalSettings = {
  readonly port: number;
  readonly host: string;
  readonly dataFolder: string;
  readonly apiKeys: readonly { readonly scope: 'read' | 'write' | 'manage'; readonly key: string }[];
  /**
   * Whether loopback and private addresses may be dialled: all where nobody needs a key, for who calls is on this
   * machine already; with keys none but those `host[:port]` by name.
   */
  readonly privateEndpoints: boolean | readonly string[];
  /** Whether IAM roles may be taken with the AWS credentials of this machine. */
  readonly assumeRoles: boolean;
  readonly logFormat: 'text' | 'json';
};

/**
 * Reads what `npm start` is told by its environment: PORT (0 chooses a free one), HOST, STOCKTAKE_DATA,
 * STOCKTAKE_API_KEYS (`scope:key`, comma separated), STOCKTAKE_PRIVATE_ENDPOINTS (`host[:port]`, comma separated),
 * STOCKTAKE_ASSUME_ROLES and STOCKTAKE_LOG. Throws Failure for what cannot be, among it any host but loopback without
 * keys.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): LocalSettings {
  // A variable that is set to nothing is not set.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const read = parseInput(environment, given, 'the environment');
  const settings = {
    port: read.PORT,
    host: read.HOST,
    dataFolder: read.STOCKTAKE_DATA,
    apiKeys: read.STOCKTAKE_API_KEYS,
    privateEndpoints: read.STOCKTAKE_PRIVATE_ENDPOINTS ?? read.STOCKTAKE_API_KEYS.length === 0,
    assumeRoles: read.STOCKTAKE_ASSUME_ROLES,
    logFormat: read.STOCKTAKE_LOG,
  };
  if (settings.apiKeys.length === 0 && !isLoopback(settings.host)) throw openToAll(settings.host);
  return settings;
}

/** True for the names of this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function openToAll(host: string): Failure {
  return new Failure(
    'invalid_request',
    `HOST=${host} would let anyone on the network in. Set STOCKTAKE_API_KEYS, for instance "admin:<a long random text>", or leave HOST at 127.0.0.1`,
  );
}
