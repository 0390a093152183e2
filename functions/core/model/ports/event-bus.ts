/** A fact published downstream. `id` is stable, so that a receiver can drop what it has seen. */
export type BusEvent = {
  readonly id: string;
  readonly type: string;
  /** RFC 3339. */
  readonly time: string;
  readonly detail: Readonly<Record<string, unknown>>;
};

export interface EventBus {
  /** Throws if any of them was not taken; the caller may send all of them again. */
  publish(events: readonly BusEvent[]): Promise<void>;
}
