import { createWebhookAddresses } from '#adapters/webhooks/webhook-addresses.ts';
import type { Log } from '#core/model/ports/host.ts';
import { createHttpHandler } from '#http/create-http-handler.ts';
import { createStaticApiKeys, noKeysNeeded } from '#http/table/api-keys.ts';
import { composeLocal } from './compose.ts';
import { startHttpServer } from './http-server.ts';
import { isLoopback, type LocalSettings } from './settings.ts';

export type RunningStocktake = {
  /** Where it answers, such as http://127.0.0.1:9000. */
  readonly url: string;
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
  const apiKeys = settings.apiKeys.length > 0 ? createStaticApiKeys(settings.apiKeys) : noKeysNeeded;
  const webhookAddresses = createWebhookAddresses({ allowPrivateEndpoints: settings.privateEndpoints });
  const deps = { ...stocktake.deps, apiKeys, minimumIntervalSeconds, webhookAddresses };
  try {
    const server = await startHttpServer({
      host: settings.host,
      port: settings.port,
      handlers: { api: createHttpHandler(deps, 'api'), probe: createHttpHandler(deps, 'probe') },
      loopbackOnly: isLoopback(settings.host) && settings.apiKeys.length === 0,
      log,
    });
    await stocktake.start();
    const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
    return {
      url: `http://${host}:${server.port}`,
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
