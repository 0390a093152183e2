import {
  type EventBridgeClient,
  EventBridgeServiceException,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';

/** An event as a rule's target is given it. */
export type DeliveredEvent = {
  readonly bus: string;
  readonly source: string;
  readonly 'detail-type': string;
  readonly time: string;
  readonly detail: Readonly<Record<string, unknown>>;
};

/** An error code that this entry fails with, or undefined when it is taken. `request` counts from 1. */
export type EntryFault = (entry: PutEventsRequestEntry, request: number) => string | undefined;

/** EventBridge's PutEvents: limits of a request, entries that fail alone, events as they come out. */
export class FakeEventBridge {
  readonly client: EventBridgeClient;
  readonly requests: (readonly PutEventsRequestEntry[])[] = [];
  readonly delivered: DeliveredEvent[] = [];
  fault: EntryFault = () => undefined;

  constructor() {
    this.client = { send: (command: object) => this.#send(command) } as unknown as EventBridgeClient;
  }

  async #send(command: object): Promise<object> {
    await Promise.resolve();
    if (!(command instanceof PutEventsCommand)) throw new Error(`not PutEvents: ${command.constructor.name}`);
    const { Entries: entries = [] } = command.input;
    if (entries.length < 1 || entries.length > 10) throw invalid('A request takes 1 to 10 entries.');
    const bytes = entries.reduce((total, entry) => total + entrySize(entry), 0);
    if (bytes >= 256 * 1024) throw invalid('Total size of the entries in the request is over the limit.');
    this.requests.push(entries);
    const answers = entries.map((entry, index) => {
      const ErrorCode = this.fault(entry, this.requests.length) ?? flawOf(entry);
      if (ErrorCode !== undefined) return { ErrorCode, ErrorMessage: `said of ${entry.Detail}` };
      this.delivered.push(deliver(entry));
      return { EventId: `${this.requests.length}-${index}` };
    });
    return { FailedEntryCount: answers.filter((answer) => 'ErrorCode' in answer).length, Entries: answers };
  }
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html */
export function entrySize({ Time, Source = '', DetailType = '', Detail = '' }: PutEventsRequestEntry): number {
  const texts = [Source, DetailType, Detail].map((text) => Buffer.byteLength(text));
  return texts.reduce((total, bytes) => total + bytes, Time === undefined ? 0 : 14);
}

function flawOf({ Source, DetailType, Detail }: PutEventsRequestEntry): string | undefined {
  if (!Source || !DetailType || !Detail) return 'InvalidArgument';
  try {
    const detail: unknown = JSON.parse(Detail);
    return typeof detail === 'object' && detail !== null && !Array.isArray(detail) ? undefined : 'MalformedDetail';
  } catch {
    return 'MalformedDetail';
  }
}

/** An event's time has whole seconds. */
function deliver(entry: PutEventsRequestEntry): DeliveredEvent {
  return {
    bus: entry.EventBusName ?? 'default',
    source: entry.Source ?? '',
    'detail-type': entry.DetailType ?? '',
    time: (entry.Time ?? new Date(0)).toISOString().replace(/\.\d{3}Z$/, 'Z'),
    detail: JSON.parse(entry.Detail ?? '{}'),
  };
}

function invalid(message: string): EventBridgeServiceException {
  return new EventBridgeServiceException({ name: 'ValidationException', $fault: 'client', message, $metadata: {} });
}
