import { createKmsOpener, createKmsSealer } from '#adapters/aws/kms-vault.ts';
import { FakeKms } from '#support/aws/fake-kms.ts';
import { vaultContract } from './vault.contract.ts';

const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/one';

vaultContract('KMS', async () => {
  const { client } = new FakeKms([KEY]);
  return { vault: { ...createKmsSealer(client, KEY), ...createKmsOpener(client, KEY) }, close: async () => undefined };
});
