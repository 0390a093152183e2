import type { Column } from '../column.ts';
import { changes } from './changes.ts';
import { connectionTest } from './connection-test.ts';
import { deletions } from './deletions.ts';
import { firstLoad } from './first-load.ts';
import { manyObjectsColumn } from './many-objects.ts';
import { oddKeysColumn } from './odd-keys-column.ts';
import { register } from './register.ts';
import { resumedRun } from './resumed-run.ts';
import { wrongKey } from './wrong-key.ts';

/** In the order in which they are done, each upon what those before left. */
export const allColumns: readonly Column[] = [
  register,
  connectionTest,
  firstLoad,
  oddKeysColumn,
  changes,
  deletions,
  wrongKey,
  resumedRun,
  manyObjectsColumn,
];
