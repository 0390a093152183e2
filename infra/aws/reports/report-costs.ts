/** `npm run costs`: prints the cost tables of the README. */
import { costTables } from './cost-tables.ts';

process.stdout.write(costTables());
