import { readDelivery, updateDelivery } from './delivery.ts';
import type { DeliveryDeps } from './delivery-deps.ts';

/** Begins anew with a delivery that was given up, under its old id and with its old body. */
export async function retryDelivery(
  { table, clock, queue }: Pick<DeliveryDeps, 'table' | 'clock' | 'queue'>,
  { webhook, delivery: id }: { readonly webhook: string; readonly delivery: string },
): Promise<void> {
  const delivery = await readDelivery(table, webhook, id);
  if (delivery === undefined) return;
  const now = clock.now();
  if (delivery.status === 'dead') {
    await updateDelivery(table, { ...delivery, status: 'pending', attempts: 0, since: now }, now);
  } else if (delivery.status !== 'pending' || delivery.attempts > 0) return;
  // Also where an earlier try came as far as the row: a second message for the same attempt does nothing.
  await queue.send({ type: 'deliver', webhook, delivery: id, attempt: 1, due: now });
}
