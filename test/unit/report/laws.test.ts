import fc from 'fast-check';
import { GPU_BINDINGS } from '../../../src/attribution/gpu-binding';
import type { EitRecord, RunRecord } from '../../../src/generated/record';
import type { ReportFigures } from '../../../src/generated/report';
import type { GroupSums } from '../../../src/runs/group-sums';
import { aggregate, report } from './asked';
import { later, runRecord } from './records';

const T = '2026-03-02T00:00:00.000Z';
const DAY_S = 86_400;

const uj = fc.tuple(fc.maxSafeNat(), fc.maxSafeNat(), fc.maxSafeNat());

/** A run on some nodes, cut into lines of 300 s without a gap. */
const anyRun = (job: fc.Arbitrary<number>): fc.Arbitrary<RunRecord[]> =>
  fc
    .record({
      job,
      begins: fc.nat(600),
      lines: fc.integer({ min: 1, max: 400 }),
      nodes: fc.integer({ min: 1, max: 3 }),
      user: fc.constantFrom('alice', 'bob'),
      partition: fc.constantFrom('cpu', 'gpu'),
      cluster: fc.constantFrom('alpha', 'beta'),
      measured_uj: fc.dictionary(fc.constantFrom('package-0', 'dram-0', 'gpu-0'), uj),
      gpus: fc.integer({ min: 1, max: 8 }),
      gpu: fc.option(
        fc.record({
          ms: fc.nat(2_400_000),
          by: fc.constantFrom(...GPU_BINDINGS),
          busy_ms: fc.nat(2_400_000),
          idle_uj: uj,
          throttled_ms: fc.nat(2_400_000),
        }),
        { nil: undefined },
      ),
    })
    .map(({ begins, lines, nodes, gpu, ...given }) =>
      Array.from({ length: nodes }, (_node, n) =>
        Array.from({ length: Math.ceil(lines / 50) }, (_, i) =>
          runRecord({
            ...given,
            ...(gpu === undefined ? {} : { gpu }),
            nodes,
            node: `n${n}`,
            started: later(T, begins * 300),
            from: later(T, (begins + i) * 300),
            seq: i,
          }),
        ),
      ).flat(),
    );

/** What adds up over disjoint sets of runs, as exact numbers. */
function sums(total: GroupSums): Record<string, bigint> {
  const found: Record<string, bigint> = {
    jobs: BigInt(total.jobs),
    runs: BigInt(total.runs),
    elapsedMs: BigInt(total.elapsedMs),
    cpuUs: total.cpuUs,
    gpuMs: total.gpuMs,
    gpuReadMs: total.gpu?.readMs.value ?? 0n,
    gpuBusyMs: total.gpu?.busyMs?.value ?? 0n,
    gpuIdleUj: total.gpu?.idleUj?.value ?? 0n,
    gpuThrottledMs: total.gpu?.throttledMs?.value ?? 0n,
    nodesExpected: BigInt(total.nodesExpected),
    nodesReported: BigInt(total.nodesReported),
  };
  for (const [cluster, { measuredUj }] of total.energy) {
    for (const [name, amount] of measuredUj) if (amount > 0n) found[`${cluster} ${name}`] = amount;
  }
  return found;
}

function plus(a: Record<string, bigint>, b: Record<string, bigint>): Record<string, bigint> {
  const added = { ...a };
  for (const [key, value] of Object.entries(b)) added[key] = (added[key] ?? 0n) + value;
  return added;
}

test('the report of two disjoint sets of runs is the sum of their reports', () => {
  const disjoint = fc.tuple(
    fc.array(anyRun(fc.integer({ min: 1, max: 1000 })), { maxLength: 4 }),
    fc.array(anyRun(fc.integer({ min: 2000, max: 3000 })), { maxLength: 4 }),
  );
  fc.assert(
    fc.property(disjoint, ([a, b]) => {
      const of = (records: EitRecord[]) => sums(aggregate(records).total);
      expect(of([...a, ...b].flat())).toEqual(plus(of(a.flat()), of(b.flat())));
    }),
  );
});

test('the order of records changes nothing', () => {
  // One job that has two numbers of nodes at once there cannot be.
  const shuffled = fc
    .uniqueArray(anyRun(fc.integer({ min: 1, max: 4 })), {
      maxLength: 4,
      selector: ([first]) => `${first?.cluster} ${first?.job}`,
    })
    .chain((runs) =>
      fc.tuple(fc.constant(runs.flat()), fc.shuffledSubarray(runs.flat(), { minLength: runs.flat().length })),
    );
  fc.assert(
    fc.property(shuffled, ([records, others]) => {
      for (const groupBy of [['user', 'day'], ['job'], ['node', 'partition']] as const) {
        expect(report(others, { groupBy })).toEqual(report(records, { groupBy }));
      }
    }),
  );
});

test('the two halves of a window add up to the whole', () => {
  fc.assert(
    fc.property(
      fc.array(anyRun(fc.integer({ min: 1, max: 1000 })), { maxLength: 4 }),
      fc.integer({ min: 0, max: 3 * DAY_S }),
      (runs, cutS) => {
        const records = runs.flat();
        const cutMs = Date.parse(T) + cutS * 1000;
        const whole = sums(aggregate(records).total);
        const first = sums(aggregate(records, { untilMs: cutMs }).total);
        const second = sums(aggregate(records, { sinceMs: cutMs }).total);
        const additive = (all: Record<string, bigint>) =>
          Object.fromEntries(Object.entries(all).filter(([name]) => !/^(jobs|runs|nodes)/.test(name)));
        expect(additive(plus(first, second))).toEqual(additive(whole));
      },
    ),
  );
});

test('groups add up to the total, and `it` to its classes', () => {
  fc.assert(
    fc.property(fc.array(anyRun(fc.integer({ min: 1, max: 1000 })), { maxLength: 4 }), (runs) => {
      const byCluster = { beta: { pue: 1.1, nodeOverhead: 1.3, intensityGPerKwh: 20 } };
      const { groups, total } = report(
        runs.flat(),
        { groupBy: ['user', 'partition', 'node', 'day'] },
        byCluster,
      );
      const near = (pick: (figures: ReportFigures) => number) => {
        const sum = groups.reduce((added, group) => added + pick(group), 0);
        expect(Math.abs(sum - pick(total))).toBeLessThanOrEqual(1e-12 * Math.max(1, pick(total)));
      };
      near(({ energy_kwh }) => energy_kwh.total);
      near(({ co2e_kg }) => co2e_kg);
      near(({ cpu_seconds }) => cpu_seconds);
      near(({ gpu_idle_kwh }) => gpu_idle_kwh ?? 0);
      for (const { energy_kwh: e } of [...groups, total]) {
        const classes = (e.cpu ?? 0) + (e.dram ?? 0) + (e.gpu ?? 0) + (e.other ?? 0);
        expect(Math.abs(classes - e.it)).toBeLessThanOrEqual(1e-12 * Math.max(1, e.it));
      }
    }),
  );
});
