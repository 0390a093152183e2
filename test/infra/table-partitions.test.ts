import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { createRandomIds } from '#adapters/process/random-ids.ts';
import { refusedWrite } from '#support/policed-table.ts';
import { onlyItsPartitions, type TableWriter, writtenBy } from '../../infra/aws/constructs/table-partitions.ts';
import { synthesize } from './stack-template.ts';

type Statement = { readonly Effect: string; readonly Action: string | string[]; readonly Condition?: unknown };

const writers: TableWriter[] = ['api', 'probe', 'sync', 'schedules', 'publisher', 'jobs'];
const writing = /^dynamodb:(Put|Delete|Update|BatchWrite|ConditionCheck)/;
const stack = synthesize();

const to = (...partitions: string[]) => partitions.map((pk) => ({ delete: { pk, sk: 'any' } }));
const { unique } = createRandomIds();

describe.each(writers)('the writes of %s', (writer) => {
  const statements = stack.ofType('AWS::IAM::Policy').flatMap(([id, { Properties }]) => {
    const { Statement } = Properties.PolicyDocument as { Statement: Statement[] };
    return new RegExp(`^${writer}Role`, 'i').test(id) ? Statement : [];
  });
  const writes = statements.filter(({ Action }) => [Action].flat().some((action) => writing.test(action)));

  test('given its policy, they stand in one statement, for its own partitions, and not for a request without any', () => {
    expect(writes.map(({ Effect, Condition }) => [Effect, Condition])).toEqual([['Allow', onlyItsPartitions(writer)]]);
    expect(onlyItsPartitions(writer)).toMatchObject({ Null: { 'dynamodb:LeadingKeys': 'false' } });
  });

  test('given each partition that it may write, its code names it', async () => {
    const code = await bundle(writer);
    const named = writtenBy(writer).filter((partition) => !/^\?/.test(partition));
    const parts = named.flatMap((partition) =>
      partition
        .replace('*', '')
        .replace('-number', '')
        .split(/(?<=#)/),
    );
    expect(parts.filter((part) => !code.includes(part.replace('#', '')))).toEqual([]);
  });
});

describe('a lease, which stands under a uid alone', () => {
  test('given any uid, those that take leases may write there, and others may not', () => {
    for (let many = 0; many < 100; many += 1) {
      const refused = writers.filter((writer) => refusedWrite(writer, to(unique())) !== undefined);
      expect(refused).toEqual(['publisher', 'jobs']);
    }
  });

  test('given a partition with as long a name, it is none: sync, probe and schedules may not write in it', () => {
    const numbers = 'registry#connector-number';
    expect(numbers).toHaveLength(unique().length);
    const others = [numbers, 'audit#2026-11-30T10:00:00', 'job#123456789012345678901', 'kept#aaaaaaaaaaaaaaaaaaaa'];
    for (const partition of others) expect(partition).toHaveLength(25);
    expect(others.filter((each) => refusedWrite('probe', to(each)) === undefined)).toEqual([others[1]]);
    expect(others.filter((each) => refusedWrite('sync', to(each)) === undefined)).toEqual([others[3]]);
    expect(others.filter((each) => refusedWrite('schedules', to(each)) === undefined)).toEqual([others[1]]);
  });
});

describe('a request that names several partitions', () => {
  test('given one that is not its own among them, all of it is refused, as IAM judges it', () => {
    const uid = unique();
    expect(refusedWrite('sync', to(uid, `record#${uid}#r`))).toBeUndefined();
    expect(refusedWrite('sync', to(uid, 'registry#datasource'))).toContain('sync may not write in registry#datasource');
    const checked = [{ check: { pk: 'access#guard', sk: 'keys' }, condition: { type: 'absent' } as const }];
    expect(refusedWrite('sync', [...to(uid), ...checked])).toContain('access#guard');
  });
});

/** Code of ours that the function's handler reaches. */
async function bundle(writer: TableWriter): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../../functions/handlers/${writer}/handler.ts`, import.meta.url))],
    ...{ bundle: true, write: false, format: 'esm', platform: 'node', target: 'node24', logLevel: 'error' },
    packages: 'external',
  });
  return outputFiles[0]?.text ?? '';
}
