import type { DatasourceRow } from '../registry/datasource.ts';
import type { WorkMessage } from './work-message.ts';

/** The slot of a rate's first firing, in the whole seconds in which Scheduler tells its times. */
export function firstSlot(row: DatasourceRow): WorkMessage {
  const { id: datasource, uid, config_version } = row;
  return { type: 'slot', datasource, uid, config_version, slot: Math.floor(row.sync.anchor / 1000) * 1000 };
}
