import { createMemoryTable } from '../simulation/memory-table.ts';
import { tableContract } from './table.contract.ts';

/** The simulations stand on this double: it has to do what the real ones do. */
tableContract('in plain memory', async () => ({ table: createMemoryTable(), close: () => undefined }));
