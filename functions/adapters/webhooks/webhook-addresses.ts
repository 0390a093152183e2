import { Failure } from '#core/model/errors.ts';
import type { WebhookAddresses } from '#core/model/ports/webhooks.ts';
import { parseAuthority } from '#core/source/endpoint.ts';
import { parseWebhookUrl } from '#core/webhooks/webhook-url.ts';
import { admitEndpoint, privateEndpointSetting, type Reach } from '../outbound/endpoint-guard.ts';

function refusedText(url: string): string {
  const target = parseWebhookUrl(url);
  const authority = 'reason' in target ? target : parseAuthority(target.endpoint);
  const setting = privateEndpointSetting('reason' in authority ? undefined : authority);
  return (
    'may not be called: it must be https at a public address; whoever runs Stocktake can allow private ones by name: ' +
    `${setting}; addresses at which clouds serve credentials are never allowed`
  );
}

export type AdmittedUrl = { readonly url: URL; readonly useSsl: boolean; readonly reach: Reach };

/**
 * Reads a webhook's URL and says how far its connections may reach, by the rules for S3 endpoints. Plain http is for
 * receivers that may be private: beyond one's own networks a body would be readable on the way. Undefined for what may
 * not be called; names are not looked up yet.
 */
export function admitWebhookUrl(text: string, allowed: boolean | readonly string[]): AdmittedUrl | undefined {
  const target = parseWebhookUrl(text);
  if ('reason' in target) return undefined;
  try {
    const { reach } = admitEndpoint(target.endpoint, target.useSsl, allowed);
    if (!target.useSsl && reach === 'public') return undefined;
    return { url: new URL(text), useSsl: target.useSsl, reach };
  } catch (error) {
    if (error instanceof Failure && error.code === 'endpoint_refused') return undefined;
    throw error;
  }
}

/** @param options.allowPrivateEndpoints as for createBuckets: all, none, or those `host[:port]` by name. */
export function createWebhookAddresses(options: {
  readonly allowPrivateEndpoints: boolean | readonly string[];
}): WebhookAddresses {
  return {
    refusal: (url) =>
      admitWebhookUrl(url, options.allowPrivateEndpoints) === undefined ? refusedText(url) : undefined,
  };
}
