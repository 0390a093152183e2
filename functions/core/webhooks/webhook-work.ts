import { deliver } from './deliver.ts';
import type { DeliveryDeps } from './delivery-deps.ts';
import { planDeliveries } from './plan-deliveries.ts';
import { retryDelivery } from './retry-delivery.ts';
import { webhookMessage } from './webhook-message.ts';

/** Handles one message of the webhooks' queue. Any of them may come twice. Throws on what should be tried again. */
export async function handleWebhookWork(deps: DeliveryDeps, body: unknown): Promise<void> {
  const message = webhookMessage.parse(body);
  switch (message.type) {
    case 'event':
      await planDeliveries(deps, message.event);
      return;
    case 'deliver':
      await deliver(deps, message);
      return;
    case 'retry':
      await retryDelivery(deps, message);
  }
}
