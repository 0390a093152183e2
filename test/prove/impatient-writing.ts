import { BatchWriteItemCommand, type WriteRequest } from '@aws-sdk/client-dynamodb';
import type { BatchWriting, WritingParts } from '../simulation/crowded-table.ts';

const retries = 8;
const lanes = 4;

/**
 * How a batch was written before: four requests at a time whatever came back, each given up after eight waits of two seconds
 * at most, or after eight rounds in which nothing was taken. To be compared with.
 */
export function impatientWriting({ client, sleep, random }: WritingParts): BatchWriting {
  const backOff = (tries: number): Promise<void> => sleep(Math.ceil(random() * Math.min(2000, 50 * 2 ** (tries - 1))));
  const persist = async (pending: WriteRequest[]): Promise<WriteRequest[]> => {
    for (let tries = 1; ; tries += 1) {
      try {
        const answer = await client.send(new BatchWriteItemCommand({ RequestItems: { crowded: pending } }));
        return answer.UnprocessedItems?.crowded ?? [];
      } catch (error) {
        if (tries > retries) throw error;
        await backOff(tries);
      }
    }
  };
  const untilTaken = async (chunk: WriteRequest[]): Promise<void> => {
    let fruitless = 0;
    for (let pending = chunk; pending.length > 0; ) {
      const left = await persist(pending);
      fruitless = left.length < pending.length ? 0 : fruitless + 1;
      if (fruitless > retries) throw new Error('given up');
      pending = left;
      if (pending.length > 0) await backOff(fruitless + 1);
    }
  };
  const write = async (requests: WriteRequest[]): Promise<void> => {
    let next = 0;
    const failures: unknown[] = [];
    const lane = async (): Promise<void> => {
      while (next < requests.length && failures.length === 0) {
        next += 25;
        await untilTaken(requests.slice(next - 25, next)).catch((error: unknown) => failures.push(error));
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    if (failures.length > 0) throw failures[0];
  };
  return (writes, onCall) =>
    onCall(() =>
      write(
        writes.flatMap((each) =>
          'put' in each ? [{ PutRequest: { Item: { pk: { S: each.put.pk }, sk: { S: each.put.sk } } } }] : [],
        ),
      ),
    );
}
