import * as z from 'zod';
import type { BusEvent } from '#core/model/ports/event-bus.ts';

/** What EventBridge puts around an event that a rule leads to a queue; `event_id` is what createEventBridgeBus adds. */
const envelope = z.object({
  'detail-type': z.string(),
  time: z.string(),
  detail: z.looseObject({ event_id: z.string() }),
});

/** Reads an event of ours as a rule of the bus delivers it; undefined for what is not one. */
export function readBusMessage(body: unknown): BusEvent | undefined {
  const parsed = envelope.safeParse(body);
  if (!parsed.success) return undefined;
  const { event_id: id, ...detail } = parsed.data.detail;
  return { id, type: parsed.data['detail-type'], time: parsed.data.time, detail };
}
