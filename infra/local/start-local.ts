import { createWebhookAddresses } from '#adapters/webhooks/webhook-addresses.ts';
import type { ApiKeyDeps } from '#core/access/create-api-key.ts';
import { makeFirstKey } from '#core/access/first-key.ts';
import { createStoredKeys } from '#core/access/stored-keys.ts';
import type { Log } from '#core/model/ports/host.ts';
import { createHttpHandler } from '#http/create-http-handler.ts';
import { type ApiKeys, createStaticApiKeys, noKeysNeeded, withStoredKeys } from '#http/table/api-keys.ts';
import { composeLocal } from './compose.ts';
import { type FirstKey, writeFirstKey } from './first-key-file.ts';
import { startHttpServer } from './http-server.ts';
import { isLoopback, type LocalSettings, needsKeys } from './settings.ts';

export type RunningStocktake = {
  /** Where it answers, such as http://127.0.0.1:9000. */
  readonly url: string;
  /** The managing key that this start made, and the file that holds it. */
  readonly firstKey?: FirstKey;
  stop(): Promise<void>;
};

/** Shortest interval a datasource may ask for on one machine, seconds: the shortest the grammar has. */
const minimumIntervalSeconds = 10;

/**
 * Starts all of Stocktake on this machine: the store, what an earlier process left is mended, schedules, the queue, and
 * the HTTP server in front of the same handlers that Lambda runs. Throws Failure if the data folder is taken; rejects
 * if the port is.
 */
export async function startLocal(settings: LocalSettings, log: Log): Promise<RunningStocktake> {
  const stocktake = await composeLocal({ ...settings, log });
  const webhookAddresses = createWebhookAddresses({ allowPrivateEndpoints: settings.privateEndpoints });
  const apiKeys = localKeys(settings, stocktake.deps);
  const deps = { ...stocktake.deps, apiKeys, minimumIntervalSeconds, webhookAddresses };
  try {
    const firstKey = await firstKeyOf(settings, apiKeys, stocktake.deps);
    const server = await startHttpServer({
      host: settings.host,
      port: settings.port,
      handlers: { api: createHttpHandler(deps, 'api'), probe: createHttpHandler(deps, 'probe') },
      loopbackOnly: isLoopback(settings.host) && !needsKeys(settings),
      log,
    });
    await stocktake.start();
    const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
    return {
      url: `http://${host}:${server.port}`,
      ...(firstKey === undefined ? {} : { firstKey }),
      async stop() {
        await server.close();
        await stocktake.stop();
      },
    };
  } catch (error) {
    await stocktake.stop();
    throw error;
  }
}

/**
 * Who may call. For one release the keys of the settings may do what they could, though it is `manage` now; those that the
 * API made never could. On a server that needs no key none counts.
 */
function localKeys(settings: LocalSettings, deps: KeyDeps & { readonly log: Log }): ApiKeys {
  if (!needsKeys(settings)) return noKeysNeeded;
  const own = settings.apiKeys.map((each) => ({ ...each, ofBefore: true }) as const);
  const lesser = settings.apiKeys.map(({ scope }) => scope).filter((scope) => scope !== 'manage');
  for (const scope of new Set(lesser)) {
    const lost = scope === 'read' ? 'webhooks' : 'webhooks, deleting connectors and datasources, and approvals';
    const reason = `${lost} need scope manage; keys of STOCKTAKE_API_KEYS pass without it until the next release`;
    deps.log.warn('key of the settings may do more than its scope says', { scope, reason });
  }
  return withStoredKeys(createStaticApiKeys(own), createStoredKeys(deps));
}

type KeyDeps = Omit<ApiKeyDeps, 'actor'>;

/** Only where the operator asked for keys and gave none that manages: with settings alone nothing is made unasked. */
async function firstKeyOf(settings: LocalSettings, apiKeys: ApiKeys, deps: KeyDeps): Promise<FirstKey | undefined> {
  if (settings.auth !== 'keys' || apiKeys.hasOwnManagingKey) return undefined;
  let path = '';
  const made = await makeFirstKey(deps, async (text) => {
    path = await writeFirstKey(settings.dataFolder, text);
  });
  return made && { text: made.text, path };
}
