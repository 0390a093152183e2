import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { splitEvent } from '#core/changes/split-event.ts';
import type { BusEvent, EventBus } from '#core/model/ports/event-bus.ts';
import { bounded } from './bounded.ts';
import { backOff, DEFAULT_PATIENCE, type Patience } from './patience.ts';

const SOURCE = 'stocktake';

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
const ENTRIES_A_REQUEST = 10;
/** All entries of a request together must be smaller:
 *  https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html */
const REQUEST_BYTES = 256 * 1024;
/** What `Time` counts for, by the same page. */
const TIME_BYTES = 14;
/** Each 64 KB of an event are billed as one event (https://aws.amazon.com/eventbridge/pricing/); the event is larger
 *  than the entry by what EventBridge writes around the detail: id, account, time, region and the like. */
const ENTRY_BYTES = 64 * 1024 - 512;

type SizedEntry = { readonly entry: PutEventsRequestEntry; readonly bytes: number };

/**
 * Events onto an EventBridge bus: source `stocktake`, detail type = the event's type, detail = `event_id` and the
 * event's own detail. An event that lists more objects than are billed as one is cut into several. Entries that
 * EventBridge did not take are sent again, alone, some seconds long; then publish throws with their error codes.
 */
export function createEventBridgeBus(
  client: Pick<EventBridgeClient, 'send'>,
  busName: string,
  options: { readonly patience?: Patience } = {},
): EventBus {
  const { patience = DEFAULT_PATIENCE } = options;
  return {
    async publish(events) {
      const entries = events
        .flatMap((event) => splitEvent(event, entryBytes, ENTRY_BYTES))
        .map((event) => sizedEntry(event, busName));
      for (const batch of batchesOf(entries)) await putAll(client, patience, batch);
    },
  };
}

/** Not `id`: a run's detail has an id of its own, which is the run's. */
function detailOf({ id, detail }: BusEvent): string {
  return JSON.stringify({ event_id: id, ...detail });
}

function entryBytes(event: BusEvent): number {
  return TIME_BYTES + SOURCE.length + Buffer.byteLength(event.type) + Buffer.byteLength(detailOf(event));
}

/** Throws if the event is larger than a request may be, which nothing that is published comes near. */
function sizedEntry(event: BusEvent, busName: string): SizedEntry {
  const bytes = entryBytes(event);
  if (bytes >= REQUEST_BYTES) throw new Error(`the event ${event.type} has ${bytes} bytes: EventBridge takes no such`);
  const entry = {
    EventBusName: busName,
    Source: SOURCE,
    DetailType: event.type,
    Time: new Date(event.time),
    Detail: detailOf(event),
  };
  return { entry, bytes };
}

function batchesOf(entries: readonly SizedEntry[]): PutEventsRequestEntry[][] {
  const batches: PutEventsRequestEntry[][] = [];
  let total = 0;
  for (const { entry, bytes } of entries) {
    const last = batches.at(-1);
    if (last !== undefined && last.length < ENTRIES_A_REQUEST && total + bytes < REQUEST_BYTES) {
      last.push(entry);
      total += bytes;
    } else {
      batches.push([entry]);
      total = bytes;
    }
  }
  return batches;
}

/** A request succeeds though entries of it failed: taken is what was given an event id. */
async function putAll(
  client: Pick<EventBridgeClient, 'send'>,
  patience: Patience,
  batch: PutEventsRequestEntry[],
): Promise<void> {
  let pending = batch;
  for (let tries = 1; ; tries++) {
    const { Entries: answers = [] } = await bounded((options) =>
      client.send(new PutEventsCommand({ Entries: pending }), options),
    );
    const failed = pending.filter((_, index) => answers[index]?.EventId === undefined);
    if (failed.length === 0) return;
    if (tries > patience.retries) {
      const codes = answers.flatMap(({ EventId, ErrorCode }) => (EventId ? [] : [ErrorCode ?? 'no code']));
      throw new Error(`EventBridge did not take ${failed.length} events: ${[...new Set(codes)].sort().join(', ')}`);
    }
    pending = failed;
    await backOff(patience, tries);
  }
}
