import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { advance } from '../../../src/agent/advance';
import { readCheckpoint, writeCheckpoint } from '../../../src/agent/checkpoint';
import { finishNow } from '../../../src/ledger/durable';
import { type HostState, emptyHostState } from '../../../src/agent/host-state';
import { takeHostLine, takeRunLines } from '../../../src/agent/lines';
import { recover } from '../../../src/agent/recovery';
import type { EitRecord, HostRecord, RunRecord } from '../../../src/generated/record';
import validateRecord from '../../../src/generated/record-validator';
import { distance } from '../attribution/fraction';
import { aggregate, report } from '../report/asked';
import { FACTS, applyHook, lineWriter } from './hook-builder';
import { PACKAGE, type ReadingSpec, SCOPE, instantAt, readingAt } from './reading-builder';
import { type Load, TICK_S, exactParts, measure, recorded } from './shared-host';

/**
 * What is easily got wrong: each test fails for the obvious way of doing it, which its comment names. The fifth, counters
 * while an agent restarts after its spool was shipped and pruned, needs the real programs: test/integration/agent-restart.test.ts.
 */

const RECORD_TICKS = 300 / TICK_S;
const isCut = (tick: number): boolean => tick % RECORD_TICKS === RECORD_TICKS - 1;
const ALL_TIME = { sinceMs: 0, untilMs: Date.UTC(2027) };

/** Every line that is open, as a report gets them. */
function takeAll(state: HostState): EitRecord[] {
  const writer = lineWriter();
  const lines = Object.keys(state.runs).flatMap((key) => takeRunLines(state, key, state.at!, writer));
  lines.push(takeHostLine(state, FACTS, writer)!);
  for (const line of lines) expect([validateRecord(line), validateRecord.errors]).toEqual([true, null]);
  return lines;
}

const hostOf = (records: readonly EitRecord[]): HostRecord =>
  records.find((record): record is HostRecord => record.kind === 'host')!;
const runOf = (records: readonly EitRecord[], node: string, job: number): RunRecord =>
  records.find(
    (record): record is RunRecord => record.kind === 'run' && record.node === node && record.job === job,
  )!;

/** µJ of a job in a report. */
function reportedUj(records: readonly EitRecord[], job: number, policy: 'usage' | 'allocation'): bigint {
  const { groups } = aggregate(records, { ...ALL_TIME, policy, groupBy: ['job'] });
  return groups
    .find(({ fields }) => fields.job_id === job)!
    .sums.energy.get('lab')!
    .measuredUj.get('cpu')!;
}

describe('two policies recomputed from the records equal those computed from ticks', () => {
  const time = fc.integer({ min: 1, max: 1e10 });
  const load: fc.Arbitrary<Load> = fc.record({
    energyUj: fc.nat(3.9e9),
    usedNs: fc.tuple(time, time, time),
    systemNs: time,
  });
  const begins = [0, 7, 40];

  test.each(['usage', 'allocation'] as const)('%s: to less than 1 µJ over eight hours', (policy) => {
    const loads = fc.sample(load, { numRuns: (8 * 3600) / TICK_S, seed: 20260302 });
    const records = measure(loads, { isCut, begins });
    expect(records.filter(({ kind }) => kind === 'run')).toHaveLength(96 + 96 + 95);
    const exact = exactParts(loads, policy, begins);
    recorded(records, policy === 'usage' ? 0 : 1).forEach((uj, party) =>
      expect(distance(uj, exact[party]!)).toBeLessThan(1),
    );
    [1, 2, 3].forEach((job) =>
      expect(distance(Number(reportedUj(records, job, policy)), exact[job - 1]!)).toBeLessThan(1),
    );
  });

  test('whatever the shares are, wherever the lines are cut', () => {
    const soon = [0, 3, 7];
    fc.assert(
      fc.property(fc.array(load, { minLength: 8, maxLength: 24 }), fc.nat(4), (loads, every) => {
        const records = measure(loads, { isCut: (tick) => tick % 5 === every, begins: soon });
        (['usage', 'allocation'] as const).forEach((policy, i) => {
          const exact = exactParts(loads, policy, soon);
          recorded(records, i as 0 | 1).forEach((uj, party) =>
            expect(distance(uj, exact[party]!)).toBeLessThan(1),
          );
        });
      }),
    );
  });

  // The naive way: keep the joules and the mean shares of 300 s, and divide when a report is asked for.
  test('which the joules of 300 s times mean shares do not', () => {
    // Job 1 works in every second tick, and then the host draws four times as much.
    const loads = Array.from({ length: 2 * RECORD_TICKS }, (_, tick): Load => {
      const isHot = tick % 2 === 0;
      return { energyUj: isHot ? 4e9 : 1e9, usedNs: [isHot ? 3e10 : 0, 1e10, 0], systemNs: 0 };
    });
    const [exactUj] = recorded(measure(loads, { isCut }), 0);
    expect(distance(exactUj!, exactParts(loads, 'usage')[0]!)).toBeLessThan(1);
    let naiveUj = 0;
    for (let from = 0; from < loads.length; from += RECORD_TICKS) {
      const stretch = loads.slice(from, from + RECORD_TICKS);
      const energyUj = stretch.reduce((sum, one) => sum + one.energyUj, 0);
      const share = stretch.reduce((sum, { usedNs: [a = 0, b = 0] }) => sum + a / (a + b), 0) / RECORD_TICKS;
      naiveUj += energyUj * share;
    }
    expect(exactUj! / 1e6).toBe(90_000);
    expect(naiveUj / 1e6).toBe(56_250);
  });
});

// The naive way: an agent, or a sampler, a slurmd; each reads the counter and divides all of it.
describe('two nodes on one host', () => {
  const SECOND = '/cg/system.slice/n2_slurmstepd.scope';

  type Scope = Pick<ReadingSpec, 'jobsS' | 'scopeS'>;

  /** A reading of one counter and two slurmd. */
  function readBoth(state: HostState, host: ReadingSpec, onFirst: Scope, onSecond: Scope) {
    const first = readingAt({ ...host, ...onFirst });
    const [scope] = readingAt({ ...host, ...onSecond }).scopes;
    const second = {
      ...scope!,
      dir: SECOND,
      node: 'n2',
      jobs: scope!.jobs.map((job) => ({ ...job, dir: job.dir.replace(SCOPE, SECOND) })),
    };
    advance(state, { ...first, scopes: [...first.scopes, second] });
  }

  function twoNodes(): HostState {
    const state = emptyHostState();
    const both = { SLURM_JOB_NODELIST: 'n[1-2]', SLURM_JOB_NUM_NODES: '2', SLURM_JOB_CPUS_PER_NODE: '1(x2)' };
    applyHook(state, { hook: 'prolog', atS: 0, job: 1 });
    applyHook(state, { hook: 'prolog', atS: 0, job: 2, node: 'n2' });
    // Job 3 is on both nodes, so twice on this host.
    applyHook(state, { hook: 'prolog', atS: 0, job: 3, variables: both });
    applyHook(state, { hook: 'prolog', atS: 0, job: 3, node: 'n2', variables: both });
    readBoth(state, { atS: 0, cpus: 8 }, { jobsS: { 1: 0, 3: 0 } }, { jobsS: { 2: 0, 3: 0 } });
    return state;
  }

  test('have one counter, which is given out once', () => {
    const state = twoNodes();
    const used = { atS: 10, cpus: 8, energyJ: 1000, busyS: 20 };
    readBoth(state, used, { jobsS: { 1: 4, 3: 1 } }, { jobsS: { 2: 8, 3: 3 } });
    const records = takeAll(state);
    const { counter_uj, runs_uj, idle_uj, system_uj } = hostOf(records).domains[PACKAGE.name]!;
    expect([counter_uj, runs_uj, idle_uj, system_uj]).toEqual([
      1000e6,
      [800e6, 500e6, 800e6],
      [0, 500e6, 0],
      [200e6, 0, 200e6],
    ]);
    expect(hostOf(records).nodes).toEqual(['n1', 'n2']);
    const usedJ = [
      runOf(records, 'n1', 1),
      runOf(records, 'n2', 2),
      runOf(records, 'n1', 3),
      runOf(records, 'n2', 3),
    ];
    expect(usedJ.map(({ measured_uj }) => measured_uj[PACKAGE.name]![0] / 1e6)).toEqual([200, 400, 50, 150]);
    expect([1, 2, 3].map((job) => reportedUj(records, job, 'usage'))).toEqual([
      200_000_000n,
      400_000_000n,
      200_000_000n,
    ]);
    expect(report(records, ALL_TIME).total).toMatchObject({
      jobs: 3,
      nodes_expected: 4,
      nodes_reported: 4,
      coverage: 1,
    });
  });

  test('keep their dead apart: what a short job left on one is not the other’s', () => {
    const state = twoNodes();
    // Neither job's cgroup is seen: only the two parents tell what they used.
    for (const [job, node] of [
      [4, 'n1'],
      [5, 'n2'],
    ] as const) {
      applyHook(state, { hook: 'prolog', atS: 2, job, node });
      applyHook(state, { hook: 'epilog', atS: 8, job, node });
    }
    const used = { atS: 10, cpus: 8, energyJ: 1000, busyS: 10 };
    readBoth(state, used, { jobsS: { 1: 0, 3: 0 }, scopeS: 2 }, { jobsS: { 2: 0, 3: 0 }, scopeS: 8 });
    const records = takeAll(state);
    const [first, second] = [runOf(records, 'n1', 4), runOf(records, 'n2', 5)];
    expect([first.cpu_us, second.cpu_us]).toEqual([2e6, 8e6]);
    expect([first.cpu_estimated_us, second.cpu_estimated_us]).toEqual([undefined, undefined]);
  });
});

// The naive way: the difference, plus the range where it is negative.
describe('a gap longer than two wraps', () => {
  const RANGE_J = Number(PACKAGE.maxEnergyUj) / 1e6;
  const START_J = 200_000;
  let varDir: string;
  beforeEach(() => {
    varDir = mkdtempSync(join(tmpdir(), 'eit-gap-'));
  });
  afterEach(() => rmSync(varDir, { recursive: true }));

  /** What the counter shows after so many joules. */
  const shown = (joules: number): number => Math.round(((START_J + joules) % RANGE_J) * 1e6) / 1e6;

  /** The agent is killed, and another one takes up its checkpoint. */
  function restarted(state: HostState, atS: number): HostState {
    const writer = lineWriter();
    const { boot, host } = writer;
    const checkpoint = {
      version: 2,
      host,
      boot,
      sources: 'a',
      state,
      unwritten: [],
      removableFiles: [],
    } as const;
    finishNow(writeCheckpoint(varDir, checkpoint, false));
    const now = {
      boot,
      at: instantAt(atS),
      sources: 'a',
      domains: ['package-0', 'dram-0'],
      integrated: [],
      writer,
      facts: FACTS,
    };
    return recover(readCheckpoint(varDir)!, now).state;
  }

  function begun(): HostState {
    const state = emptyHostState();
    applyHook(state, { hook: 'prolog', atS: 0 });
    advance(state, readingAt({ atS: 0, energyJ: shown(0), jobsS: { 1: 0 } }));
    return state;
  }

  describe.each([
    ['between two readings of one agent', (state: HostState) => state],
    ['while no agent ran', restarted],
  ])('%s', (_name, meanwhile) => {
    test('is missing time and no joules; what comes after it is measured', () => {
      const [gapS, usedJ] = [1500, 550_000];
      expect(usedJ).toBeGreaterThan(2 * RANGE_J);
      const state = meanwhile(begun(), gapS);
      advance(state, readingAt({ atS: gapS, energyJ: shown(usedJ), busyS: gapS, jobsS: { 1: gapS } }));
      const after = { atS: gapS + 300, energyJ: shown(usedJ + 60_000), busyS: gapS + 300 };
      advance(state, readingAt({ ...after, jobsS: { 1: gapS + 300 } }));
      const records = takeAll(state);
      expect(hostOf(records).domains[PACKAGE.name]).toMatchObject({
        counter_uj: 60_000e6,
        missing_ms: gapS * 1000,
        missing_reason: 'the counter may have wrapped more than once between two readings',
      });
      expect(runOf(records, 'n1', 1)).toMatchObject({
        measured_uj: { [PACKAGE.name]: [60_000e6, 30_000e6, 60_000e6] },
        missing_ms: { [PACKAGE.name]: gapS * 1000 },
      });
      expect(report(records, ALL_TIME).total.coverage).toBeCloseTo(300 / 1800, 6);
    });

    test('is none where one wrap at most fits: measured, and divided by the gap’s CPU time', () => {
      const [gapS, usedJ] = [600, 200_000];
      expect(shown(usedJ)).toBeLessThan(START_J);
      const state = meanwhile(begun(), gapS);
      advance(state, readingAt({ atS: gapS, energyJ: shown(usedJ), busyS: 800, jobsS: { 1: 600 } }));
      const records = takeAll(state);
      expect(runOf(records, 'n1', 1).measured_uj[PACKAGE.name]![0]).toBe(150_000e6);
      expect(hostOf(records).domains[PACKAGE.name]).toMatchObject({ missing_ms: 0, wraps: 1 });
      expect(report(records, ALL_TIME).total.coverage).toBe(1);
    });
  });
});

// The naive way: what there is of a run is the run.
describe('a two-node job with one silent node', () => {
  const variables = { SLURM_JOB_NODELIST: 'n[1-2]', SLURM_JOB_NUM_NODES: '2' };
  const state = emptyHostState();
  applyHook(state, { hook: 'prolog', atS: 0, variables });
  advance(state, readingAt({ atS: 0, jobsS: { 1: 0 } }));
  advance(state, readingAt({ atS: 300, energyJ: 36_000, busyS: 300, jobsS: { 1: 300 } }));
  applyHook(state, { hook: 'epilog', atS: 300, variables });
  advance(state, readingAt({ atS: 300.01, energyJ: 36_000, busyS: 300, scopeS: 300 }));
  const records = takeAll(state);

  test('has the joules of the other node and half of the coverage', () => {
    const { total } = report(records, ALL_TIME);
    expect(total).toMatchObject({ runs: 1, nodes_expected: 2, nodes_reported: 1, coverage: 0.5 });
    expect(total.energy_kwh.cpu).toBeCloseTo(0.01, 12);
  });

  test('has twice as many only where that is asked for, and says which', () => {
    const { total } = report(records, { ...ALL_TIME, extrapolate: true });
    expect(total.energy_kwh.cpu).toBeCloseTo(0.02, 6);
    expect(total.extrapolated_kwh! / total.energy_kwh.total).toBeCloseTo(0.5, 6);
    expect(total.coverage).toBe(0.5);
  });
});
