import type { PlainWrite, TransactWrite } from '#core/model/ports/table.ts';
import { keyOfWrite } from '#core/table/table-limits.ts';
import { refusedWrite } from '#support/policed-table.ts';
import type { TableWriter } from '../../infra/aws/constructs/table-partitions.ts';
import type { SimulatedSystem } from './simulated-system.ts';

/** Which function of the stack does what a process of a simulation is there for. */
const functionOf: Readonly<Record<string, TableWriter>> = {
  tick: 'sync',
  work: 'sync',
  schedules: 'schedules',
  sweep: 'schedules',
  publisher: 'publisher',
  user: 'api',
};

/** Watches that each process writes only where the role of its function may on AWS. */
export function watchPolicies(system: SimulatedSystem): void {
  system.watchers.push({
    onWrite({ name }, writes) {
      const writer = functionOf[name.split('-')[0] ?? ''];
      if (writer === undefined) return system.complain(`${name} is none of the functions that are known`);
      const problem = refusedWrite(writer, writes.map(asDeployed));
      if (problem !== undefined) system.complain(`${name}: ${problem}`);
    },
  });
}

/** On AWS acknowledgements stand under the name of a stack, which a simulation has none of. */
function asDeployed(write: TransactWrite | PlainWrite): TransactWrite | PlainWrite {
  const { pk, sk } = keyOfWrite(write);
  return pk === 'schedule-ack' ? { delete: { pk: 'schedule-ack#stack', sk } } : write;
}
