import { PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import * as z from 'zod';
import type { Clients } from './clients.ts';

const busEvent = z.object({
  id: z.string(),
  source: z.string(),
  'detail-type': z.string(),
  detail: z.object({ id: z.string().optional(), objects: z.array(z.object({ key: z.string() })).optional() }).loose(),
});
export type SeenEvent = z.output<typeof busEvent>;

/** Hears all that Stocktake says on its bus, as any user would: by a rule with a queue as its target. */
export type BusListener = {
  /** All events so far; each call looks into the queue for more. */
  events(): Promise<readonly SeenEvent[]>;
};

export async function listenToBus({ sqs, events }: Clients, busName: string): Promise<BusListener> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'e2e-listener' }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const rule = { EventBusName: busName, Name: 'e2e-listener' };
  await events.send(new PutRuleCommand({ ...rule, EventPattern: JSON.stringify({ source: ['stocktake'] }) }));
  const target = { Id: 'queue', Arn: Attributes?.QueueArn ?? '' };
  await events.send(new PutTargetsCommand({ EventBusName: busName, Rule: rule.Name, Targets: [target] }));
  const seen: SeenEvent[] = [];
  return {
    async events() {
      for (;;) {
        const { Messages: messages = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
        );
        if (messages.length === 0) return seen;
        seen.push(...messages.map(({ Body }) => busEvent.parse(JSON.parse(Body ?? ''))));
        const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
        await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      }
    },
  };
}
