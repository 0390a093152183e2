import { parseInput } from '#core/model/parse-input.ts';
import { createDatasource, updateDatasourceFields } from '#core/registry/changes/save-datasource.ts';
import { datasourceInput, datasourcePatch } from '#core/registry/datasource.ts';
import type { Simulation } from './simulation.ts';

const id = 'steady';
const minute = 60_000;
const step = 30_000;
const lengthMs = 20 * minute;

/**
 * A datasource that nobody disturbs and that is asked, once a day in calm weather, to sync every 30 seconds for a
 * while: without jitter it has two slots in every minute of it. With jitter what counts is that no slot has two runs,
 * which is watched for all.
 */
export function watchSteadySlots(
  simulation: Simulation,
  bucket: string,
): { planDay(from: number): void; slots(): number } {
  const { system, datasources, runs } = simulation;
  let counted = 0;
  for (const key of ['a', 'b', 'c']) system.buckets.put(bucket, key);
  const config = { bucket, endpoint: 's3.us-east-1.amazonaws.com', access_key_id: 'AK', secret_access_key: 'SK' };
  const body = { id, type: 'connector', name: id, connector: { id: 's3', config }, sync: { interval: '12h' } };
  system.asUser((deps) => createDatasource(deps, parseInput(datasourceInput, body, 'the datasource')));
  const set = (interval: string): void =>
    system.asUser((deps) =>
      updateDatasourceFields(deps, id, parseInput(datasourcePatch, { sync: { interval } }, 'the datasource')),
    );
  const check = (from: number, to: number): void => {
    const row = datasources.rows.get(id);
    const slots = [...runs.slots(row?.uid ?? '').keys()].filter((slot) => slot >= from && slot < to).sort();
    counted += slots.length;
    if (system.hosting.jitterMs > 0) return;
    const minutes = Math.round((to - from) / minute);
    const even = slots.every((slot, index) => index === 0 || slot - (slots[index - 1] ?? 0) === step);
    if (slots.length !== 2 * minutes || !even) {
      const times = slots.map((slot) => new Date(slot).toISOString().slice(11, 19)).join(' ');
      system.complain(`${id} had ${slots.length} slots in ${minutes} minutes instead of two in each: ${times}`);
    }
  };
  return {
    planDay(from) {
      system.time.at(from, () => set('30s'));
      system.time.at(from + lengthMs, () => set('12h'));
      system.time.at(from + lengthMs, () => check(from + 2 * minute, from + lengthMs - minute));
    },
    slots: () => counted,
  };
}
