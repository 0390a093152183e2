import * as z from 'zod';
import { type Bench, type Column, explained, failed, passed } from '../column.ts';
import { judgeListing } from '../judge.ts';
import { FIRST } from './first-bucket.ts';

const answer = z.object({ success: z.boolean(), message: z.string() });

/** What a message about keys cannot do without. */
const NAMES_THE_KEYS = /key|secret|credential|signature/i;

export const wrongKey: Column = {
  name: "wrong key's message",
  what: 'a wrong secret and an unknown key id are told as such by `_test`, as far as the server checks them',
  withinMs: 120_000,
  async run(bench) {
    const { accessKeyId, secretAccessKey } = bench.server;
    const wrongSecret = { accessKeyId, secretAccessKey: `${secretAccessKey.slice(0, -4)}WRNG` };
    const unknownId = { accessKeyId: `${accessKeyId.slice(0, -4)}WRNG`, secretAccessKey };
    const said = [
      await messageFor(bench, 'wrong-secret', wrongSecret),
      await messageFor(bench, 'unknown-id', unknownId),
    ];
    const unclear = said.filter((one) => one.message !== undefined && !NAMES_THE_KEYS.test(one.message));
    if (unclear.length > 0) return failed(unclear.map(({ message }) => message).join(' | '));
    const unchecked = said.filter(({ message }) => message === undefined);
    if (unchecked.length === 0) return passed('✓');
    return explained('✓', `lets in whoever comes: ${unchecked.map(({ kind }) => kind).join(' and ')}, boto3 too`);
  },
};

type Keys = { readonly accessKeyId: string; readonly secretAccessKey: string };

/** What Stocktake says to these keys; no message where the server lets boto3 in with them as well. */
async function messageFor(bench: Bench, kind: string, keys: Keys): Promise<{ kind: string; message?: string }> {
  const registration = { id: kind, host: bench.watched.host, bucket: FIRST, ...keys };
  const { status, body } = await bench.stocktake.register(registration);
  if (status !== 200) return { kind, message: `registering answered ${status}: ${JSON.stringify(body)}` };
  const tested = await bench.stocktake.request('POST', `/datasource/${kind}/_test`);
  const { success, message } = answer.parse(tested.body);
  if (!success) return { kind, message };
  const letsIn = await judgeListing({ ...bench.server, ...keys }, FIRST).then(
    () => true,
    () => false,
  );
  return letsIn ? { kind } : { kind, message: 'Stocktake says that it works, boto3 is refused' };
}
