import fc from 'fast-check';
import { expect, it } from 'vitest';
import { schedulerFaults } from '#support/scheduler-model.ts';
import { type Operation, ScheduleSimulation } from './schedule-simulation.ts';

/** `STOCKTAKE_SEQUENCES=20000 npx vitest run reconcile-random` looks longer; STOCKTAKE_SEED repeats what a title says. */
const sequences = Number(process.env.STOCKTAKE_SEQUENCES ?? 1000);
const seed = Number(process.env.STOCKTAKE_SEED ?? Date.now() % 2 ** 31);

const id = fc.constantFrom('a', 'b');
const sync = fc.constantFrom<object>(
  { interval: '10s' },
  { interval: '1m' },
  { interval: '5m' },
  { interval: '1h' },
  { cron: '0 6 * * *' },
  { cron: '0 6 * * 1-5', timezone: 'Europe/Berlin' },
  { strategy: 'manual' },
);
const patch = fc.oneof(
  { weight: 4, arbitrary: sync.map((policy) => ({ sync: policy })) },
  fc.boolean().map((enabled) => ({ sync: { enabled } })),
  fc.boolean().map((enabled) => ({ enabled })),
  fc.constant({ enabled: true, sync: { enabled: true } }),
  fc.constantFrom<object>({ name: 'renamed' }, { connector: { config: { prefix: 'p/' } } }),
);
const edit = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom({ state: 'disabled' as const }, { state: 'enabled' as const }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...['rate(1 minute)', 'rate(5 minutes)', 'rate(60 minutes)', 'rate(7 hours)', 'cron(0 6 L * ? *)'].map(
        (expression) => ({ expression }),
      ),
    ),
  },
  fc.constantFrom({ timezone: 'Asia/Tokyo' }, { expression: 'cron(0 7 * * ? *)', timezone: 'UTC' }),
  fc.constantFrom({ startAt: 0 }, { input: '{}' }, { expression: 'rate(2 hours)', state: 'disabled' as const }),
);
const pick = fc.nat(20);
const steps = fc.oneof(fc.nat(10), fc.constant(100));

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('create'), id, sync, enabled: fc.constantFrom(true, true, false) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('change'), id, patch }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove'), id }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('edit'), id, change: edit }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete in console'), id }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('deliver'), pick, again: fc.boolean(), steps }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep'), steps }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('step'), pick, steps }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill'), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.nat(120_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('faults'), on: fc.boolean() }) },
) as fc.Arbitrary<Operation>;

const faults = fc.array(fc.option(fc.constantFrom(...schedulerFaults), { nil: undefined, freq: 2 }), {
  minLength: 1,
  maxLength: 12,
});

it(
  `given any of ${sequences} sequences of 30 operations (seed ${seed}), then two passes after the faults all is as the users asked last`,
  async () => {
    let judged = 0;
    let certain = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { minLength: 30, maxLength: 30, size: 'max' }),
        faults,
        async (operations, failing) => {
          const simulation = new ScheduleSimulation(failing);
          try {
            for (const each of operations) await simulation.apply(each);
            expect(await simulation.conclude()).toEqual([]);
            for (const { timing, state } of simulation.expected.values()) {
              judged += 2;
              certain += Number(timing.size === 1) + Number(state.size === 1);
            }
          } finally {
            simulation.world.close();
          }
        },
      ),
      { numRuns: sequences, seed },
    );
    // What nobody can know must stay the exception, or this test would show nothing.
    expect(certain / judged).toBeGreaterThan(0.9);
  },
  Math.max(60_000, sequences * 100),
);
