import type { Schedule } from '#core/model/ports/schedules.ts';
import { datasourcePartition } from '#core/registry/datasource-store.ts';
import { mayBeOurRemoval, readAck } from '#core/schedules/schedule-ack.ts';
import { isHonoured, ScheduleExpectation } from '../core/schedules/schedule-expectation.ts';
import type { DatasourceWatch } from './datasource-watch.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { SimulatedSystem } from './simulated-system.ts';

/** What users asked for, over the API and in the AWS console, and the console itself. */
export type UserWatch = {
  edit(id: string, change: Partial<Omit<Schedule, 'name'>>): Promise<void>;
  deleteSchedule(id: string): Promise<void>;
  readonly figures: { userChanges: number; consoleChanges: number };
  /** Whose last word was lost. */
  conclude(): string[];
};

/** Watches that what a user was told is done stays done, until a user asks for something else. */
export function watchUsers(system: SimulatedSystem, datasources: DatasourceWatch): UserWatch {
  const figures = { userChanges: 0, consoleChanges: 0 };
  const expected = new Map<string, ScheduleExpectation>();
  const names = new Map<string, string>();
  const edits = new Map<string, number>();
  const seen = new WeakMap<SimulatedProcess, Map<string, number>>();
  const { live } = system.scheduler;
  const editsOf = (id: string): number => edits.get(id) ?? 0;
  const noteEdit = (id: string): void => {
    figures.consoleChanges += 1;
    edits.set(id, editsOf(id) + 1);
    system.trace.note(system.now(), 'console', 'changes', id);
  };

  datasources.onChange((before, after, by) => {
    const id = after?.id ?? before?.id ?? '';
    if (by?.name.startsWith('user')) figures.userChanges += 1;
    if (after === undefined) {
      expected.delete(id);
      names.delete(id);
    } else if (before === undefined) {
      expected.set(id, new ScheduleExpectation(after));
      names.set(id, after.name);
    } else if (by?.name.startsWith('user')) {
      expected.get(id)?.changedByApi(before, after, live.get(id));
      names.set(id, after.name);
    }
  });
  system.watchers.push({
    onRead(by, key) {
      if (key.pk !== datasourcePartition) return;
      const saw = seen.get(by) ?? new Map<string, number>();
      seen.set(by, saw);
      saw.set(key.sk, editsOf(key.sk));
    },
    onScheduleWrite(by, id) {
      if (seen.get(by)?.get(id) === editsOf(id)) return;
      // Scheduler has no conditional write: who looked before the console's change writes over it.
      const row = datasources.rows.get(id);
      if (row !== undefined) expected.get(id)?.overwritten(row);
    },
  });
  return {
    figures,
    async edit(id, change) {
      const before = live.get(id);
      const row = datasources.rows.get(id);
      if (before === undefined || row === undefined) return;
      const ack = await readAck(system.table, id);
      noteEdit(id);
      system.scheduler.edit(id, change);
      const after = live.get(id);
      if (after !== undefined) expected.get(id)?.edited(before, after, row, ack);
    },
    async deleteSchedule(id) {
      const before = live.get(id);
      const row = datasources.rows.get(id);
      if (before === undefined || row === undefined) return;
      const ack = await readAck(system.table, id);
      const removing = await mayBeOurRemoval(system.table, id, system.now());
      noteEdit(id);
      system.scheduler.delete(id);
      expected.get(id)?.deletedInConsole(before, row, isHonoured(row, ack, removing));
    },
    conclude() {
      const problems: string[] = [];
      for (const row of datasources.rows.values()) {
        const objection = expected.get(row.id)?.objection(row);
        if (objection !== undefined) problems.push(`${row.id}: ${objection}`);
        if (row.name !== names.get(row.id)) problems.push(`${row.id} is named ${row.name}, not ${names.get(row.id)}`);
      }
      return problems;
    },
  };
}
