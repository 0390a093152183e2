import type { PlainWrite, Table, TransactWrite } from '#core/model/ports/table.ts';
import { keyOfWrite } from '#core/table/table-limits.ts';
import { onlyItsPartitions, type TableWriter } from '../../infra/aws/constructs/table-partitions.ts';

/** The table as a function of the deployed stack sees it: a write that its role would not be allowed throws AccessDenied. */
export function policedTable<T extends Table>(table: T, writer: TableWriter): T {
  const check = (writes: readonly (TransactWrite | PlainWrite)[]): void => {
    const problem = refusedWrite(writer, writes);
    if (problem !== undefined) throw new Error(problem);
  };
  const policed: Partial<Table> = {
    async put(item, condition) {
      check([{ put: item }]);
      return table.put(item, condition);
    },
    async delete(key, condition) {
      check([{ delete: key }]);
      return table.delete(key, condition);
    },
    async transact(writes) {
      check(writes);
      return table.transact(writes);
    },
    async batchWrite(writes) {
      check(writes);
      return table.batchWrite(writes);
    },
  };
  return new Proxy(table, {
    get: (target, name) => {
      const own: unknown = Reflect.get(policed, name) ?? Reflect.get(target, name);
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
}

/** Why a role may not make a request, as IAM would judge it: all partitions of it together, those that it checks as well. */
export function refusedWrite(writer: TableWriter, writes: readonly (TransactWrite | PlainWrite)[]): string | undefined {
  const key = 'dynamodb:LeadingKeys';
  const condition = onlyItsPartitions(writer);
  const allowed = [condition['ForAllValues:StringLike']?.[key] ?? []].flat();
  const denied = [condition['ForAllValues:StringNotLike']?.[key] ?? []].flat();
  const partitions = [...new Set(writes.map((write) => keyOfWrite(write).pk))];
  const outside = partitions.filter((pk) => !allowed.some(isLike(pk)) || denied.some(isLike(pk)));
  return outside.length === 0
    ? undefined
    : `AccessDenied: ${writer} may not write in ${outside.join(', ')}; see infra/aws/constructs/table-partitions.ts`;
}

/** StringLike: `*` any characters, `?` one. */
function isLike(text: string): (pattern: string) => boolean {
  return (pattern) => {
    const source = pattern
      .replace(/[.+^${}()|[\]\\#-]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^${source}$`, 's').test(text);
  };
}
