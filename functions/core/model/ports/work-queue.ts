/** Durable messages, delivered at least once, in no particular order. `message` is JSON-compatible. */
export interface WorkQueue {
  /** `delaySeconds`: 0–900 (the limit of SQS). */
  send(message: unknown, options?: { delaySeconds?: number }): Promise<void>;
}
