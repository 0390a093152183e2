import { systemClock } from '#adapters/process/system-clock.ts';
import { createLambdaRoles } from '#handlers/runtime/lambda-roles.ts';
import { rolesContract } from './roles.contract.ts';

const assuming = ['arn:aws:iam::999900001111:role/sync', 'arn:aws:iam::999900001111:role/probe'];

rolesContract('as a function on AWS', async () => ({
  roles: createLambdaRoles(['arn:aws:iam::111122223333:role/read-*'], assuming, systemClock),
  without: createLambdaRoles([], [], systemClock),
  principal: `the principals ${assuming.join(', ')}`,
  setting: 'assumableRoles',
  close: async () => undefined,
}));
