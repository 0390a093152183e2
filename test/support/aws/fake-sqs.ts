import {
  InvalidMessageContents,
  QueueDoesNotExist,
  SendMessageCommand,
  type SendMessageCommandInput,
  type SQSClient,
  SQSServiceException,
} from '@aws-sdk/client-sqs';
import type { VirtualTime } from '#support/virtual-time.ts';

export type FakeSqsOptions = {
  readonly queueUrl: string;
  readonly time: VirtualTime;
  /** The function behind the queue's event source mapping, one message at a time; rejecting fails the message. */
  readonly consume: (body: string, delivery: { readonly attempt: number }) => Promise<void>;
  readonly maxReceiveCount: number;
  readonly visibilitySeconds: number;
};

const $metadata = {};

/** One SQS standard queue with its dead-letter queue and the Lambda mapping that reads it, in virtual time. */
export class FakeSqs {
  readonly client: SQSClient;
  readonly sent: SendMessageCommandInput[] = [];
  /** Bodies in the dead-letter queue. */
  readonly dead: string[] = [];
  readonly #options: FakeSqsOptions;

  constructor(options: FakeSqsOptions) {
    this.#options = options;
    this.client = { send: (command: object) => this.#send(command) } as unknown as SQSClient;
  }

  async #send(command: object): Promise<object> {
    await Promise.resolve();
    if (!(command instanceof SendMessageCommand)) throw new Error(`not a send: ${command.constructor.name}`);
    const { QueueUrl, MessageBody: body = '', DelaySeconds: delay = 0 } = command.input;
    if (QueueUrl !== this.#options.queueUrl) {
      throw new QueueDoesNotExist({ message: 'The specified queue does not exist.', $metadata });
    }
    if (!Number.isInteger(delay) || delay < 0 || delay > 900) throw invalid('Value for DelaySeconds is invalid.');
    if (body === '' || Buffer.byteLength(body) > 1_048_576) throw invalid('One or more parameters are invalid.');
    if (!isSqsText(body)) throw new InvalidMessageContents({ message: 'Invalid binary character.', $metadata });
    this.sent.push(command.input);
    this.#deliverAt(this.#options.time.clock.now() + delay * 1000, body, 1);
    return { MessageId: String(this.sent.length) };
  }

  #deliverAt(at: number, body: string, attempt: number): void {
    const { time, consume, maxReceiveCount, visibilitySeconds } = this.#options;
    time.timers.set(at, () => {
      if (attempt > maxReceiveCount) {
        this.dead.push(body);
        return;
      }
      consume(body, { attempt }).catch(() => this.#deliverAt(at + visibilitySeconds * 1000, body, attempt + 1));
    });
  }
}

function invalid(message: string): SQSServiceException {
  return new SQSServiceException({ name: 'InvalidParameterValue', $fault: 'client', message, $metadata });
}

/** The characters of XML 1.0, as SendMessage documents them. */
function isSqsText(body: string): boolean {
  return [...body].every((character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
    return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || code >= 0x10000;
  });
}
